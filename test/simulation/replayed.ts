import { blockOf } from '@cryptoflow/journal'
import type { InstrumentKey, TableName } from '@cryptoflow/model'
import { imageDefaults } from '@cryptoflow/pipeline'
import { memoryLane, type TableFile } from '../memory-lane.ts'
import type { Outcome } from './run.ts'
import { type Row, readFiles } from './stored-rows.ts'

/** The rows of a journal in one pass: as many lanes as the plan says, each with its keys, and one barrier at the end. */
export async function replayed(
  outcome: Pick<Outcome, 'records' | 'writer' | 'plan'>,
): Promise<Map<TableName, Row[]>> {
  const { lanes } = outcome.plan
  const files: TableFile[] = []
  for (let at = 0; at < lanes; at++)
    files.push(...(await filesOf(outcome, (key) => laneOf(key, lanes) === at)))
  return readFiles(files)
}

/** Any spread of keys will do. */
function laneOf({ symbol }: InstrumentKey, lanes: number): number {
  return [...symbol].reduce((sum, letter) => sum + (letter.codePointAt(0) as number), 0) % lanes
}

async function filesOf(
  { records, writer }: Pick<Outcome, 'records' | 'writer'>,
  owns: (key: InstrumentKey) => boolean,
): Promise<readonly TableFile[]> {
  // How images are made is the journal's to say.
  const { lane, cut } = memoryLane({ writer, images: imageDefaults, owns })
  lane.accept(blockOf(records))
  return (await cut()).files
}
