import type { TableName } from '@cryptoflow/model'
import type { KeyState } from './key-state.ts'
import { countsOfStream, ledgerOf, type MessageCounts, type OpenMinute } from './minutes.ts'
import type { GapCause } from './truth-rows.ts'

/** What a key's image says of minutes that are not written yet. */
export interface CoverageImage {
  /** By stream, '' of none: received, stored, duplicates, deadLetters, filtered in the minute at hand. */
  readonly counts?: readonly (readonly [stream: string, ...outcomes: number[]])[]
  readonly ledgers?: readonly (readonly [table: TableName, minutes: readonly MinuteImage[]])[]
}

/**
 * Minutes since 1970; then, unless the minute is silent and whole: received, stored, duplicates, filtered, deadLetters,
 * holes, causes.
 */
type MinuteImage = readonly [
  minute: number,
  outcomes?: readonly number[],
  holes?: readonly number[],
  causes?: readonly GapCause[],
]

export function coverageImage({ counts, ledgers }: KeyState): CoverageImage {
  const counted = counts.filter(({ received }) => received > 0).map(countsImage)
  // What was counted before this minute leaves no trace, neither does its order.
  counted.sort(([one], [other]) => (one < other ? -1 : 1))
  const open = ledgers.filter(({ minutes }) => minutes.length > 0)
  return {
    ...(counted.length === 0 ? {} : { counts: counted }),
    ...(open.length === 0
      ? {}
      : { ledgers: open.map(({ table, minutes }) => [table, minutes.map(minuteImage)]) }),
  }
}

function countsImage({
  spec,
  received,
  stored,
  duplicates,
  deadLetters,
  filtered,
}: MessageCounts): NonNullable<CoverageImage['counts']>[number] {
  return [spec?.name ?? '', received, stored, duplicates, deadLetters, filtered]
}

function minuteImage(open: OpenMinute): MinuteImage {
  const { minute, received, stored, duplicates, filtered, deadLetters, holes, causes } = open
  if (received === 0 && causes.size === 0) return [minute]
  return [minute, [received, stored, duplicates, filtered, deadLetters], holes, [...causes]]
}

/** Adds what was counted to a key without counts. */
export function restoreCoverage({ market, counts, ledgers }: KeyState, image: CoverageImage): void {
  for (const [
    name,
    received = 0,
    stored = 0,
    duplicates = 0,
    deadLetters = 0,
    filtered = 0,
  ] of image.counts ?? []) {
    const spec = market.streams.find((candidate) => candidate.name === name) ?? null
    Object.assign(countsOfStream(counts, spec), { received, stored, duplicates, filtered, deadLetters })
  }
  for (const [table, minutes] of image.ledgers ?? []) {
    ledgerOf(ledgers, table).minutes.push(...minutes.map(restoreMinute))
  }
}

function restoreMinute([minute, outcomes = [], holes = [], causes = []]: MinuteImage): OpenMinute {
  const [received = 0, stored = 0, duplicates = 0, filtered = 0, deadLetters = 0] = outcomes
  const counts = { received, stored, duplicates, filtered, deadLetters }
  return { minute, ...counts, holes: [...holes], causes: new Set(causes) }
}
