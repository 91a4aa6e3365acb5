// Benchmarks: each candidate beside the plain version in the same process, as a ratio. `--json` prints the lines
// as one array on stdout; without it, a table. Real captures are used when CRYPTOFLOW_CAPTURES leads to them.
import { decodeBench } from '../packages/exchanges/bench/decode.ts'
import type { BenchLine } from '../packages/exchanges/bench/line.ts'

const lines = await decodeBench(process.env.CRYPTOFLOW_CAPTURES)
if (process.argv.includes('--json')) console.log(JSON.stringify(lines))
else for (const line of lines) console.log(text(line))

function text({ name, value, unit, baseline, ratio, floor, goal, met }: BenchLine): string {
  const figures = `${rounded(value)} ${unit} over ${rounded(baseline)}: ${ratio.toFixed(2)}x`
  const target = floor === 0 ? '' : ` (floor ${floor}x, goal ${goal}x: ${met ? 'met' : 'NOT MET'})`
  return `${name}\n    ${figures}${target}`
}

function rounded(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}
