// Runs the whole system in memory from one seed after another, with faults, and judges what it stored.
//
//   npm run sim -- --seeds 1000 --first-seed 0 --faults all
//   npm run sim -- --seeds 1 --first-seed 64 --faults kill,power --shrink
//
// `--faults` names kinds (test/simulation/plan.ts), `all` or `none`; `--only` keeps some faults of each plan, by their
// numbers, and `--ms` ends it earlier. The last line of stdout is `N passed, N failed`.
import { parseArgs } from 'node:util'
import { commandOf, type Found, faultText, narrowed, shrunk, tried } from '../test/simulation/hunt.ts'
import { type FaultKind, faultKinds, planOf } from '../test/simulation/plan.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '200' },
    'first-seed': { type: 'string', default: '0' },
    faults: { type: 'string', default: 'all' },
    shrink: { type: 'boolean', default: false },
    only: { type: 'string' },
    ms: { type: 'string' },
  },
})
const kinds = kindsOf(values.faults)
const seeds = wholeNumber('seeds', values.seeds)
const firstSeed = wholeNumber('first-seed', values['first-seed'])
const ms = values.ms === undefined ? undefined : wholeNumber('ms', values.ms)
const only = values.only?.split(',').map((text) => wholeNumber('only', text))
const started = performance.now()
const totals = { emitted: 0, stored: 0, inGaps: 0, deadLetters: 0, steps: 0 }
let failed = 0

for (let at = 0; at < seeds; at++) {
  const found = await tried(narrowed(planOf(firstSeed + at, kinds), { only, ms }))
  const { emitted, stored, inGaps, deadLetters } = found.verdict
  totals.emitted += emitted
  totals.stored += stored
  totals.inGaps += inGaps
  totals.deadLetters += deadLetters
  totals.steps += found.steps
  if (found.verdict.broken !== null) {
    failed += 1
    tell(values.shrink ? await shrunk(found) : found)
  }
  if ((at + 1) % 50 === 0 || at + 1 === seeds) progress(at + 1)
}
console.log(
  `${totals.steps} steps; ${totals.emitted} events = ${totals.stored} stored + ${totals.inGaps} in recorded gaps + ` +
    `${totals.deadLetters} dead letters`,
)
console.log(`${seeds - failed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1

function tell({ plan, verdict, steps, last }: Found): void {
  console.log(`seed ${plan.seed} (${plan.exchange} ${plan.market}) broke a promise by step ${steps}:`)
  console.log(`  ${verdict.broken}`)
  console.log(`  faults: ${plan.faults.map(faultText).join('; ') || 'none'}`)
  console.log(`  last steps:\n    ${last.join('\n    ')}`)
  console.log(`  again: ${commandOf(plan, kinds, values.faults)}`)
}

function progress(done: number): void {
  const perSecond = (done * 1000) / (performance.now() - started)
  console.log(`${done} of ${seeds} seeds, ${failed} failed, ${perSecond.toFixed(1)} a second`)
}

function kindsOf(text: string): readonly FaultKind[] {
  if (text === 'all') return faultKinds
  const names = text === 'none' ? [] : text.split(',')
  const unknown = names.find((name) => !(faultKinds as readonly string[]).includes(name))
  if (unknown !== undefined) fail(`no fault "${unknown}"; there are ${faultKinds.join(', ')}`)
  return names as FaultKind[]
}

function wholeNumber(name: string, text: string): number {
  if (!/^\d{1,9}$/.test(text)) fail(`--${name}: expected a whole number, found "${text}"`)
  return Number(text)
}

function fail(message: string): never {
  console.error(`sim: ${message}`)
  process.exit(2)
}
