// Benchmarks: ours beside a yardstick in the same process, in alternation, as a ratio.
//
//   npm run bench                          all lines as text
//   npm run bench -- --only 'rows, mixed'  the benchmarks whose name contains it
//   npm run bench -- --json | --markdown   one array on stdout | the rows of docs/performance.md
//
// Real captures are used when CRYPTOFLOW_CAPTURES leads to them, made-up ones otherwise.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { channelBench } from '../packages/channels/bench/channel.ts'
import { decodeBenches } from '../packages/exchanges/bench/decode.ts'
import { journalBench } from '../packages/journal/bench/journal.ts'
import { EventKind } from '../packages/model/src/index.ts'
import { allocationsBench } from '../packages/pipeline/bench/allocations.ts'
import { encodingBench } from '../packages/pipeline/bench/encoding.ts'
import { captureFiles, type FrameSet, frameSets, without } from '../packages/pipeline/bench/frames.ts'
import { type Bench, costLine, type Line, type SkippedLine } from '../packages/pipeline/bench/line.ts'
import { madeUpCaptures } from '../packages/pipeline/bench/made-up.ts'
import { medianCpuSeconds, SEVEN } from '../packages/pipeline/bench/measure.ts'
import { operatorsBench } from '../packages/pipeline/bench/operators.ts'
import { receiverBench } from '../packages/pipeline/bench/receiver.ts'
import { rowTricksBench } from '../packages/pipeline/bench/row-tricks.ts'
import { rowsBench } from '../packages/pipeline/bench/rows.ts'
import { wholePathBench } from '../packages/pipeline/bench/whole-path.ts'
import { encodingScene } from '../packages/sink/bench/encodings.ts'
import { bookBench } from './bench/book.ts'
import { chainBench } from './bench/chain.ts'
import { MARKDOWN_HEAD, markdownRow, textLine } from './bench/report.ts'
import { tardisOrReason } from './bench/yardsticks.ts'

const { values } = parseArgs({
  options: { json: { type: 'boolean' }, markdown: { type: 'boolean' }, only: { type: 'string' } },
})
const captures = process.env.CRYPTOFLOW_CAPTURES
const yardsticks = new URL('../tools/bench/package.json', import.meta.url)
const scratch = mkdtempSync(join(tmpdir(), 'cryptoflow-bench-'))
try {
  const lines: (Line | SkippedLine)[] = []
  const chosen = benches().filter(({ name }) => name.includes(values.only ?? ''))
  if (chosen.length === 0) {
    const names = benches().map(({ name }) => name)
    throw new Error(`no benchmark's name contains "${values.only}"; there are: ${names.join('; ')}`)
  }
  for (const { run } of chosen) {
    for (const line of await run()) {
      lines.push(line)
      if (!values.json && !values.markdown) console.log(textLine(line))
    }
  }
  if (values.json) console.log(JSON.stringify(lines))
  if (values.markdown) console.log([MARKDOWN_HEAD, ...lines.map(markdownRow)].join('\n'))
} finally {
  rmSync(scratch, { recursive: true, force: true })
}

function benches(): Bench[] {
  let files: string[] | null = null
  let sets: FrameSet[] | null = null
  const allFiles = (): string[] => {
    files ??= captures === undefined ? madeUpCaptures(scratch) : captureFiles(captures)
    return files
  }
  const allSets = (): FrameSet[] => {
    sets ??= frameSets(allFiles())
    return sets
  }
  const setOf = (name: string) => async () => allSets().find((set) => set.name === name) as FrameSet
  const mixed = setOf('mixed')
  const withoutQuotes = async () => without(EventKind.quote, await mixed(), 'mixed without quotes')
  return [
    ...decodeBenches(captures, tardisOrReason),
    rowsBench('mixed', mixed, tardisOrReason),
    rowsBench('mixed without quotes', withoutQuotes, tardisOrReason),
    ...['spot', 'linear', 'inverse'].map((name) => rowsBench(name, setOf(name), tardisOrReason)),
    rowTricksBench(mixed),
    operatorsBench(mixed),
    chainBench(mixed),
    bookBench(async () => allSets().filter(({ name }) => name !== 'mixed'), tardisOrReason),
    // Long recordings of one symbol each, all of the same minutes: they can be journaled as one.
    wholePathBench(async () => allFiles().filter((file) => /hftbacktest|made-up/.test(file))),
    encodingBench(
      async () => allFiles().filter((file) => /hftbacktest|made-up|usdm__crypto/.test(file)),
      (table, files) => encodingScene(table, files, yardsticks),
      tardisOrReason,
    ),
    allocationsBench(mixed),
    { name: 'channel', run: channelLines },
    receiverBench,
    { name: 'journal', run: journalLines },
  ]
}

/** What bounds and figures cost beside a list that has neither. */
async function channelLines(): Promise<Line[]> {
  const { ours, plain } = await channelBench((candidates) => medianCpuSeconds(candidates, SEVEN))
  return [costLine('channel, an item in and out', 'ns', { ours, yardstick: plain })]
}

/** What it costs that every frame is durable before anything else happens to it, beside a plain file. */
async function journalLines(): Promise<Line[]> {
  const measured = await journalBench(captures)
  const off = measured.find(({ name }) => name.startsWith('off:'))?.value ?? Number.NaN
  return measured.map(({ name, value, unit }) => {
    const yardstick = name.endsWith('journal, CPU per frame') ? off : Number.NaN
    return costLine(`journal, ${name}`, unit, { ours: value, yardstick })
  })
}
