import type { EventBatch, ExchangeMarket } from '@cryptoflow/model'
import { EventBatch as Batch, StringTable } from '@cryptoflow/model'
import { usedBatch } from './batch-image.ts'
import type { ConformanceCases, Fixture } from './cases.ts'
import { createChance } from './chance.ts'
import { differenceOf } from './check-mutations.ts'
import { createFindings, type Finding } from './finding.ts'
import { read, type Subject } from './reading.ts'

/** Orders in which all fixtures are read again. */
const ROUNDS = 4
/** What may have come before: nothing, no JSON, half a message, a frame longer than any buffer kept for frames. */
const garbage: readonly Uint8Array[] = [
  '',
  '{',
  '[]',
  '{"e":',
  '\u0000',
  `{"x":"${'9'.repeat(200_000)}"}`,
].map((text) => new TextEncoder().encode(text))

/**
 * A message means the same whatever was read before it: in any order, twice, after garbage, into a new batch or a
 * used one, with one table of names and with another.
 */
export function checkPurity(market: ExchangeMarket, cases: ConformanceCases): readonly Finding[] {
  const findings = createFindings('purity')
  const subject = { market, cases }
  const chance = createChance(cases.seed)
  const batches = [usedBatch(), new Batch(new StringTable()), usedBatch(otherNames())]
  const alone = cases.fixtures.map((fixture) => meaningOf(subject, fixture, new Batch(new StringTable())))
  for (let round = 0; round < ROUNDS; round++) {
    for (const index of chance.shuffled([...cases.fixtures.keys()])) {
      const fixture = cases.fixtures[index] as Fixture
      const batch = chance.pick(batches)
      // Garbage into one of the batches, a cut message, and the message itself twice.
      read(subject, chance.pick(garbage), fixture.answer, chance.pick(batches))
      read(subject, fixture.bytes.subarray(0, chance.below(fixture.bytes.length + 1)), fixture.answer, batch)
      for (const found of [meaningOf(subject, fixture, batch), meaningOf(subject, fixture, batch)]) {
        const expected = alone[index] as string
        if (found !== expected)
          findings.add(`${fixture.name}, read after others: ${differenceOf(expected, found)}`)
      }
    }
  }
  return findings.list()
}

/** A table in which every id means another name than in a new one. */
function otherNames(): StringTable {
  const names = new StringTable()
  for (const name of ['other', 'names', 'than', 'in', 'a', 'new', 'table']) names.idOf(name)
  return names
}

function meaningOf(subject: Subject, fixture: Fixture, batch: EventBatch): string {
  const reading = read(subject, fixture.bytes, fixture.answer, batch)
  return reading.problem ?? `${JSON.stringify(reading.outcome)} ${reading.connectionSeq}\n${reading.text}`
}
