import type { Market as MarketName } from '@cryptoflow/model'
import type { EmissionRecord } from './emission-log.ts'

/** A maximal run of events of one stream and symbol that nobody was sent whole. */
export interface InjectedHole {
  readonly exchange: string
  readonly market: MarketName
  readonly symbol: string
  readonly stream: string
  /** Last sequence of the delivered event before; null at the beginning and where the wire has no sequence. */
  readonly from_seq: number | null
  /**
   * First sequence of the delivered event after, of a quote or an image its only one; null at the end and where the
   * wire has no sequence.
   */
  readonly to_seq: number | null
  /** Exchange time of generation of the same two events, milliseconds; null at the beginning and at the end. */
  readonly from_ms: number | null
  readonly to_ms: number | null
  /** How many events the run has. */
  readonly messages: number
}

export interface InjectedHoles {
  /** Runs between delivered events. */
  readonly holes: readonly InjectedHole[]
  /** Runs before the first delivered event and after the last one. */
  readonly edges: readonly InjectedHole[]
}

/** What a log says was withheld. REST answers are not events of a stream and do not count. */
export function injectedHoles(records: Iterable<EmissionRecord>): InjectedHoles {
  const finder = createHoleFinder()
  for (const record of records) finder.add(record)
  return finder.holes()
}

interface Run {
  readonly key: Pick<InjectedHole, 'exchange' | 'market' | 'symbol' | 'stream'>
  delivered: EmissionRecord | null
  missing: number
}

/** The same, record by record, for logs too long to hold. */
export function createHoleFinder(): { add(record: EmissionRecord): void; holes(): InjectedHoles } {
  const runs = new Map<string, Run>()
  const holes: InjectedHole[] = []
  const edges: InjectedHole[] = []
  return {
    add(record) {
      // An answer that a client did not wait for is no hole of a stream.
      if (record.is_answer) return
      const run = runOf(runs, record)
      if (record.copies === 0) {
        run.missing += 1
        return
      }
      if (run.missing > 0) (run.delivered === null ? edges : holes).push(holeOf(run, record))
      run.delivered = record
      run.missing = 0
    },
    holes() {
      const open = [...runs.values()].filter((run) => run.missing > 0).map((run) => holeOf(run, null))
      return { holes: [...holes], edges: [...edges, ...open] }
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

function holeOf(run: Run, after: EmissionRecord | null): InjectedHole {
  return {
    ...run.key,
    from_seq: run.delivered?.last ?? null,
    to_seq: after?.first ?? after?.last ?? null,
    from_ms: run.delivered?.at_ms ?? null,
    to_ms: after?.at_ms ?? null,
    messages: run.missing,
  }
}
