// Lets simulated markets play without faults and counts the gaps that are recorded all the same; there must be none.
//
//   node scripts/calm.ts --events 1000000 --venue 3
//
// `--venue` chooses one by its place in `test/simulation/plan.ts`, else all play. The last line of stdout is `N events, N gaps`.
import { parseArgs } from 'node:util'
import { playCalm } from '../test/calm-market.ts'
import { venues } from '../test/simulation/plan.ts'
import { rowText } from '../test/simulation/stored-rows.ts'

const { values } = parseArgs({
  options: { events: { type: 'string', default: '100000' }, venue: { type: 'string' } },
})
const chosen = values.venue === undefined ? venues : venues.filter((_, index) => `${index}` === values.venue)
let events = 0
let gaps = 0
for (const venue of chosen) {
  const started = performance.now()
  const run = await playCalm(venue, 1, Number(values.events))
  events += run.events
  const falseGaps = run.gaps.length - run.replaced
  gaps += falseGaps
  const perSecond = Math.round((run.events * 1000) / (performance.now() - started))
  console.log(
    `${venue.exchange} ${venue.market}: ${run.events} events, ${run.rows} rows, ${perSecond} a second`,
  )
  if (run.replaced > 0) console.log(`  ${run.replaced} books told anew`)
  if (run.deadLetters > 0) console.log(`  ${run.deadLetters} dead letters`)
  for (const gap of run.gaps.slice(0, 3)) console.log(`  ${rowText(gap)}`)
  process.exitCode ||= run.deadLetters + falseGaps > 0 || run.streams === 0 ? 1 : 0
}
console.log(`${events} events, ${gaps} gaps`)
