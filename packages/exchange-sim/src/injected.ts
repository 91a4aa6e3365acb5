import type { Market as MarketName } from '@cryptoflow/model'
import type { EmissionRecord } from './emission-log.ts'

/** A maximal run of messages of one stream that nobody was sent whole. */
export interface InjectedHole {
  readonly exchange: string
  readonly market: MarketName
  readonly symbol: string
  readonly stream: string
  /** Last sequence of the delivered message before; null at the beginning. */
  readonly from_seq: number | null
  /** First sequence of the delivered message after; null at the end. */
  readonly to_seq: number | null
  /** How many messages the run has. */
  readonly messages: number
}

export interface InjectedHoles {
  /** Runs between delivered messages. */
  readonly holes: readonly InjectedHole[]
  /** Runs before the first delivered message and after the last one. */
  readonly edges: readonly InjectedHole[]
}

/** What a log says was withheld. Snapshots are answers, not messages of a stream, and do not count. */
export function injectedHoles(records: Iterable<EmissionRecord>): InjectedHoles {
  const finder = createHoleFinder()
  for (const record of records) finder.add(record)
  return finder.holes()
}

interface Run {
  readonly key: Pick<InjectedHole, 'exchange' | 'market' | 'symbol' | 'stream'>
  delivered: number | null
  missing: number
}

/** The same, record by record, for logs too long to hold. */
export function createHoleFinder(): { add(record: EmissionRecord): void; holes(): InjectedHoles } {
  const runs = new Map<string, Run>()
  const closed: InjectedHole[] = []
  return {
    add(record) {
      if (record.stream === 'snapshot') return
      const run = runOf(runs, record)
      if (record.copies === 0) {
        run.missing += 1
        return
      }
      if (run.missing > 0) closed.push(holeOf(run, record.first))
      run.delivered = record.last
      run.missing = 0
    },
    holes() {
      const open = [...runs.values()].filter((run) => run.missing > 0).map((run) => holeOf(run, null))
      return {
        holes: closed.filter((hole) => hole.from_seq !== null),
        edges: [...closed.filter((hole) => hole.from_seq === null), ...open],
      }
    },
  }
}

function runOf(runs: Map<string, Run>, record: EmissionRecord): Run {
  const { exchange, market, symbol, stream } = record
  const text = [exchange, market, symbol, stream].join('\0')
  let run = runs.get(text)
  if (run === undefined) {
    run = { key: { exchange, market, symbol, stream }, delivered: null, missing: 0 }
    runs.set(text, run)
  }
  return run
}

function holeOf(run: Run, toSeq: number | null): InjectedHole {
  return { ...run.key, from_seq: run.delivered, to_seq: toSeq, messages: run.missing }
}
