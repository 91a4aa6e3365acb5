import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type DecodeOutcome, EventBatch, type ExchangeMarket, StringTable } from '@cryptoflow/model'
import { type CaptureLine, readCaptures } from './test-support.ts'

/** What tests of recorded messages share: what another program counted in them, and our own counts in its terms. */

/** Messages that gave rows of a table, and the rows, by table. */
export type Tally = Readonly<Record<string, { readonly messages: number; readonly rows: number }>>

/** What is counted of a file; `ignored` and `refused` by reason. */
export interface Counts {
  readonly decoded: Tally
  readonly ignored: Readonly<Record<string, number>>
  readonly refused: Readonly<Record<string, number>>
}

/** What expect.json, which another program counted, says of one file. */
export interface Expected<Session = unknown> extends Counts {
  readonly file: string
  readonly sessions: readonly Session[]
  /** Of mixed files. */
  readonly records?: readonly Verdict[]
}

/** What it says of one line of a mixed file. */
export interface Verdict {
  readonly i: number
  readonly exchange?: string
  readonly market?: string | null
  readonly symbol?: string
  readonly verdict: 'decoded' | 'ignored' | 'refused'
  readonly reason?: string
  readonly body?: string
  readonly rows?: Readonly<Record<string, number>>
}

/** What expect.json says of every file. */
export function readExpected<Session>(directory: string): readonly Expected<Session>[] {
  const text = readFileSync(join(directory, 'expect.json'), 'utf8')
  return (JSON.parse(text) as { readonly files: readonly Expected<Session>[] }).files
}

/** The lines of an exchange, under any of its names, in the mixed files: file and number, what is expected, the line. */
export function mixedRecords(
  directory: string,
  expected: readonly Expected[],
  exchanges: readonly string[],
): [name: string, record: Verdict, line: CaptureLine][] {
  return [...readCaptures(directory, 'mixed__')].flatMap(([file, lines]) => {
    const records = expected.find((one) => one.file === file)?.records ?? []
    return records
      .filter(({ exchange = '' }) => exchanges.includes(exchange))
      .map((record): [string, Verdict, CaptureLine] => [
        `${file} ${record.i}`,
        record,
        lines[record.i] as CaptureLine,
      ])
  })
}

/** Heartbeats and answers count as ignored, what is outside as refused. */
export function verdictOf(outcome: DecodeOutcome): [Verdict['verdict'], string | undefined] {
  if (outcome.kind === 'events') return ['decoded', undefined]
  if (outcome.kind === 'outside') return ['refused', outcome.reason]
  return ['ignored', outcome.kind === 'ignored' ? outcome.reason : outcome.kind]
}

/** What lines give; `decode` reads one into a batch. */
export function tallyOf(
  lines: readonly CaptureLine[],
  market: ExchangeMarket,
  decode: (line: CaptureLine, out: EventBatch) => DecodeOutcome,
): Counts {
  const decoded: Record<string, { messages: number; rows: number }> = {}
  const counts: Record<'ignored' | 'refused', Record<string, number>> = { ignored: {}, refused: {} }
  const batch = new EventBatch(new StringTable())
  for (const line of lines) {
    batch.clear()
    const [kind, reason = ''] = verdictOf(decode(line, batch))
    if (kind !== 'decoded') counts[kind][reason] = (counts[kind][reason] ?? 0) + 1
    for (const [table, rows] of Object.entries(rowsByTable(batch, market))) {
      decoded[table] ??= { messages: 0, rows: 0 }
      decoded[table].messages += 1
      decoded[table].rows += rows
    }
  }
  return { decoded, ...counts }
}

/** One row per trade, quote or told price, one per level of a book. */
export function rowsByTable(batch: EventBatch, market: ExchangeMarket): Record<string, number> {
  const rows: Record<string, number> = {}
  for (let event = 0; event < batch.count; event++) {
    const name = batch.names.text(batch.stream[event] as number)
    const table = market.streams.find((stream) => stream.name === name)?.table as string
    const levels = (batch.entryStart[event + 1] as number) - (batch.entryStart[event] as number)
    rows[table] = (rows[table] ?? 0) + (/_(delta|ob)$/.test(table) ? levels : 1)
  }
  return rows
}
