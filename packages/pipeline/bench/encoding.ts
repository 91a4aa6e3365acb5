import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TableContract, tables } from '@cryptoflow/model'
import { systemClock } from '@cryptoflow/runtime'
import { replayCapture, tableFiles, warehouseAt } from '../src/index.ts'
import { type Bench, costLine, type Line, rateLine, type SkippedLine } from './line.ts'
import { medianCpuSeconds } from './measure.ts'
import { replayOptions } from './replay-options.ts'

const ROUNDS = { rounds: 5, warmUp: 1, secondsMin: 0.2 }
/** The plain call path is the least that ours must be as fast as. */
const OVER_ARROW = { floor: 1, goal: 2 }
/** Of fewer rows the footer is most of the file. */
const ROWS_MIN = 1_000

/** The rows of a table's data files, and ways to make Parquet of them: ours, the plain call path, those of others. */
export interface EncodingScene {
  readonly rows: number
  readonly encodings: readonly { readonly name: string; encode(): Uint8Array | Promise<Uint8Array> }[]
  /** Bytes of a file of each way, in their order. Throws where one has other rows. */
  sizes(): Promise<readonly number[]>
  close(): void
}

type OpenScene = (table: TableContract, files: readonly string[]) => Promise<EncodingScene | null>

/** Rows of every table that these captures fill, as Parquet: by us and by others. */
export function encodingBench(
  filesOf: () => Promise<readonly string[]>,
  openScene: OpenScene,
  isInstalled: () => string | object,
): Bench {
  return {
    name: 'encoding',
    async run() {
      const installed = isInstalled()
      if (typeof installed === 'string') return [{ name: 'encoding', skipped: installed }]
      const warehouse = mkdtempSync(join(tmpdir(), 'cryptoflow-bench-'))
      try {
        for (const capture of await filesOf()) await replayCapture(capture, replayOptions(warehouse))
        const files = await tableFiles(warehouseAt(warehouse), systemClock())
        const lines: (Line | SkippedLine)[] = []
        for (const [name, paths] of files)
          lines.push(...(await linesOf(tables[name], await openScene(tables[name], paths))))
        return lines
      } finally {
        rmSync(warehouse, { recursive: true, force: true })
      }
    },
  }
}

async function linesOf(table: TableContract, scene: EncodingScene | null): Promise<Line[]> {
  if (scene === null) return []
  try {
    const { rows, encodings } = scene
    if (rows < ROWS_MIN) return []
    const sizes = await scene.sizes()
    const seconds = await medianCpuSeconds(
      encodings.map(({ encode }) => encode),
      ROUNDS,
    )
    const [ours, ...others] = encodings.map((_, i) => ({
      rate: rows / (seconds[i] as number),
      size: (sizes[i] as number) / rows,
    }))
    return others.flatMap(({ rate, size }, i) => {
      const name = `encoding, ${table.name}, ${rows} rows, over ${encodings[i + 1]?.name}`
      const rates = { ours: ours?.rate ?? 0, yardstick: rate }
      return [
        rateLine(name, 'rows/CPU-s', rates, encodings[i + 1]?.name === 'arrow' ? OVER_ARROW : undefined),
        costLine(name, 'bytes/row', { ours: ours?.size ?? 0, yardstick: size }),
      ]
    })
  } finally {
    scene.close()
  }
}
