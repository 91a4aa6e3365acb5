import type { ExchangeMarket, StreamSpec } from '@cryptoflow/model'
import type { ConformanceCases, ResetCase } from './cases.ts'
import { createFindings, type Finding, type Findings } from './finding.ts'

/**
 * Where sequences begin anew on the wire, the first message is a gap and not stale, or all that follows would be
 * dropped until the old number is reached; and the messages after it follow each other.
 *
 * Two other beginnings lose nothing either: a snapshot in the stream, and a smaller number that names its predecessor.
 */
export function checkResets(market: ExchangeMarket, cases: ConformanceCases): readonly Finding[] {
  const findings = createFindings('resets')
  if ('none' in cases.resets) {
    if (cases.resets.none.trim() === '') findings.add('no resets are given, and no reason why there are none')
    return findings.list()
  }
  if (cases.resets.length === 0) findings.add('the list of resets is empty: say why under none')
  for (const reset of cases.resets) {
    const stream = market.streams.find(({ name }) => name === reset.stream)
    if (!stream?.follows) findings.add(`${reset.stream} has no rule to begin anew`)
    else checkReset(stream, reset, cases, findings)
  }
  return findings.list()
}

function checkReset(
  { name, follows, book }: StreamSpec,
  { last, messages, begins = 'gap' }: ResetCase,
  cases: ConformanceCases,
  findings: Findings,
): void {
  const [first] = messages
  if (first === undefined) findings.add(`${name}: a reset without messages`)
  else if (begins === 'snapshot') {
    if (book?.origin !== 'stream') findings.add(`${name} has no snapshots in its stream to begin anew with`)
    if (messages.length < 2) findings.add(`${name}: a reset by a snapshot, and no message after it`)
    if (!showsSnapshot(name, cases)) findings.add(`no fixture shows a snapshot in the stream ${name}`)
  } else if (begins === 'next' && !(first[1] < last && first[2] === last)) {
    findings.add(`${name}: a reset to ${first[1]} after ${first[2]}, not to a smaller number after ${last}`)
  }
  let position = last
  for (const [i, [from, to, prev]] of messages.entries()) {
    const expected = i === 0 ? begins : 'next'
    const found = expected === 'snapshot' ? expected : follows?.(position, from, to, prev)
    if (found !== expected) {
      findings.add(
        `${name}: message ${i} after a reset, from ${position} to ${to}: ${found} instead of ${expected}`,
      )
    }
    position = to
  }
}

function showsSnapshot(stream: string, { fixtures }: ConformanceCases): boolean {
  const framed = fixtures.filter(({ answer }) => answer === null).flatMap(({ golden }) => golden.events)
  return framed.some((event) => {
    const shown = event as { readonly kind?: string; readonly stream?: string }
    return shown.kind === 'bookSnapshot' && shown.stream === stream
  })
}
