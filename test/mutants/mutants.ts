import { commitRules } from './commit-rules.ts'
import { files } from './files.ts'
import { legRules } from './leg-rules.ts'
import { polledBooks } from './polled-books.ts'
import { readerRules } from './reader-rules.ts'
import { truthRules } from './truth-rules.ts'

/**
 * Planted bugs: each breaks one promise by a small change of the source, and the tests named beside it must notice.
 */

export interface Mutant {
  /** What the source does wrong then. */
  readonly name: string
  readonly file: string
  /** Text that stands in the file exactly once, and what stands there instead. */
  readonly from: string
  readonly to: string
  /** Test files or folders of which at least one test must fail. */
  readonly tests: readonly string[]
}

const JOURNAL = ['packages/journal/src']
/** Faster than the tests of a package where only a death shows the bug. */
const SIMULATION = ['test/simulation.test.ts']
const COMMIT = ['packages/commit/src']
const NORMALIZE = ['packages/normalize/src']

export const mutants: readonly Mutant[] = [
  ...commitRules,
  ...files,
  ...legRules,
  ...polledBooks,
  ...readerRules,
  ...truthRules,
  {
    name: 'a record is acknowledged before it is durable',
    file: 'packages/journal/src/write-loop.ts',
    from: 'if (record <= this.durableRecord) return true\n    if (this.#failure',
    to: 'if (record >= 0) return true\n    if (this.#failure',
    tests: JOURNAL,
  },
  {
    name: 'images that are given up leave no gap',
    file: 'packages/normalize/src/image-grid.ts',
    from: 'openImageGap(this.sink, this.writer, state, now, last)',
    to: '',
    tests: ['packages/normalize/src/image-gaps.test.ts'],
  },
  {
    name: 'segments are not synced',
    file: 'packages/journal/src/segment-writer.ts',
    from: 'await this.#file?.syncData()',
    to: 'await Promise.resolve()',
    tests: SIMULATION,
  },
  {
    name: 'the control log is not synced',
    file: 'packages/journal/src/control-log.ts',
    from: 'this.#halfway(entry))\n      await this.#file.sync()',
    to: 'this.#halfway(entry))',
    tests: SIMULATION,
  },
  {
    name: 'what a killed process wrote counts before it is synced',
    file: 'packages/journal/src/recovery.ts',
    from: 'torn.offset)\n    await file.sync()',
    to: 'torn.offset)\n    if (torn !== null) await file.sync()',
    tests: ['packages/journal/src/recovery.test.ts'],
  },
  {
    name: 'a record of another place with a good checksum of its own is served',
    file: 'packages/journal/src/segment.ts',
    from: "if (link !== view.getUint32(at, true)) return ended('bad', 0, 'the record fails its checksum')",
    to: '',
    tests: JOURNAL,
  },
  {
    name: 'the slot is put before the seal (seenOrPut first)',
    file: 'packages/commit/src/epoch.ts',
    from: "actions: ['append-seal', 'put']",
    to: "actions: ['put', 'append-seal']",
    tests: COMMIT,
  },
  {
    name: 'a commit does not say which snapshot its map was read from',
    file: 'packages/commit/src/round.ts',
    from: "{ type: 'assert-ref-snapshot-id', ref: 'main', snapshotId: currentSnapshotId },",
    to: '',
    tests: COMMIT,
  },
  {
    name: 'rows are committed without the map that remembers them',
    file: 'packages/commit/src/round.ts',
    from: "updates: [...append.updates, { action: 'set-properties', updates: { [mapProperty]: map } }],",
    to: 'updates: [...append.updates],',
    tests: COMMIT,
  },
  {
    name: 'one delta in 97 frames is dropped',
    file: 'packages/normalize/src/normalizer.ts',
    from: 'if (isCounted) sink.connectionSeq = connectionSeq\n',
    to: 'if (isCounted) sink.connectionSeq = connectionSeq\n    if (record.number % 97 === 0) return\n',
    tests: NORMALIZE,
  },
  {
    name: 'a message that was heard before is stored again',
    file: 'packages/normalize/src/stream.ts',
    from: "? 'late' : 'duplicate'",
    to: "? 'late' : 'late'",
    tests: NORMALIZE,
  },
  {
    name: 'a snapshot from before the first diff is joined',
    file: 'packages/exchanges/src/binance/rules.ts',
    from: "return firstSeq <= position + 1 && lastSeq > position ? 'next' : 'gap'",
    to: "return 'next'",
    tests: ['packages/exchanges/src/binance/rules.test.ts', 'packages/normalize/src/worlds.test.ts'],
  },
  {
    name: 'the border of a gap is off by one',
    file: 'packages/normalize/src/gap-rows.ts',
    from: 'return isSnapshot ? lastSeq : beginOf(firstSeq, lastSeq)',
    to: 'return isSnapshot ? lastSeq : beginOf(firstSeq, lastSeq) - 1',
    tests: NORMALIZE,
  },
  {
    name: 'the end of a connection is no reason for a gap',
    file: 'packages/normalize/src/stream.ts',
    from: '  if (stream.connections.length > 0) return false\n  interrupt(stream, cause)\n',
    to: '  if (stream.connections.length > 0) return false\n',
    tests: NORMALIZE,
  },
  {
    name: 'a price of more than 53 bits goes through a float',
    file: 'packages/exchanges/src/bare-numbers.ts',
    from: 'if (mantissa > Number.MAX_SAFE_INTEGER) return MISS\n  mantissas[row] = mantissa',
    to: 'mantissas[row] = mantissa',
    tests: ['packages/exchanges/src/bare-numbers.test.ts', 'packages/exchanges/src/upbit'],
  },
  {
    name: 'a key does not tell its market',
    file: 'packages/model/src/key.ts',
    from: '{key.market}\\0',
    to: "{''}",
    tests: ['packages/model/src', 'packages/normalize/src', 'packages/ingest/src'],
  },
  {
    name: 'a late row is lost',
    file: 'packages/normalize/src/event-flow.ts',
    from: "if (stands === 'late') counters.late += 1",
    to: "if (stands === 'late') return",
    tests: NORMALIZE,
  },
  {
    name: 'a checksum that differs is no fault',
    file: 'packages/normalize/src/stream-keeper.ts',
    from: "verdict = own === sent ? 'proven' : 'checksum'",
    to: "verdict = 'proven'",
    tests: NORMALIZE,
  },
  {
    name: 'a book that lost a message goes on',
    file: 'packages/normalize/src/stream-transitions.ts',
    from: "damaged: to('resync', 'discard', 'ask'),",
    to: "damaged: to('live'),",
    tests: NORMALIZE,
  },
  {
    name: 'an unreadable message leaves no row',
    file: 'packages/normalize/src/event-flow.ts',
    from: 'if (!this.parts.owns(market, symbol)) return',
    to: "if (symbol === '') return",
    tests: NORMALIZE,
  },
  {
    name: 'a duplicate counts as stored in coverage',
    file: 'packages/normalize/src/flow-parts.ts',
    from: 'else counts.duplicates += 1',
    to: 'else counts.stored += 1',
    tests: NORMALIZE,
  },
  {
    name: 'a hole marks the minute in which it is found and no earlier one',
    file: 'packages/normalize/src/gap-rows.ts',
    from: 'for (const open of ledger.minutes) addHoleTo',
    to: 'for (const open of ledger.minutes.slice(-1)) addHoleTo',
    tests: NORMALIZE,
  },
  {
    name: 'a minute is written before its streams were heard behind it',
    file: 'packages/normalize/src/coverage.ts',
    from: 'if (waits.length > 0 && (now <= open.minute + WAIT_MINUTES || isUndecided)) break',
    to: '',
    tests: NORMALIZE,
  },
  {
    name: "the maker's side is stored for the taker's",
    file: 'packages/exchanges/src/coinbase/trades.ts',
    from: 'return maker === buy ? Side.sell : Side.buy',
    to: 'return maker === buy ? Side.buy : Side.sell',
    tests: ['packages/exchanges/src/coinbase'],
  },
  {
    name: 'a row from the end of an hour lies in the next one',
    file: 'packages/partitioner/src/partition.ts',
    from: 'return quotient * divisor > value ? quotient - 1 : quotient',
    to: 'return Math.round(value / divisor)',
    tests: ['packages/partitioner/src'],
  },
  {
    name: 'a message that a filter removes is counted nowhere',
    file: 'packages/normalize/src/flow-parts.ts',
    from: "else if (outcome === 'filtered') counts.filtered += 1",
    to: "else if (outcome === 'filtered') counts.filtered += 0",
    tests: ['packages/normalize/src/operators/filter.test.ts'],
  },
  {
    name: 'a filter hides a delta from its book',
    file: 'packages/normalize/src/event-flow.ts',
    from: '    if (keeper === null) return outcome',
    to: "    if (keeper === null || outcome === 'filtered') return outcome",
    tests: ['packages/normalize/src/operators/filter.test.ts'],
  },
  {
    name: 'a bound is compared as a float',
    file: 'packages/normalize/src/operators/bound.ts',
    from: 'this.least[scale] = narrow((scaled + divisor - 1n) / divisor)',
    to: 'this.least[scale] = Number(scaled) / Number(divisor)',
    tests: ['packages/normalize/src/operators/bound.test.ts'],
  },
  {
    name: 'a late trade is in no bar',
    file: 'packages/normalize/src/operators/bar-series.ts',
    from: '  addToStep(series, step, print)\n  const first',
    to: '  if (step >= closedBefore) addToStep(series, step, print)\n  const first',
    tests: ['packages/normalize/src/operators'],
  },
  {
    name: 'a bar is not revised when a late trade changed it',
    file: 'packages/normalize/src/operators/bar-series.ts',
    from: '  waitingOf(series, index).isChanged = true',
    to: '  waitingOf(series, index)',
    tests: ['packages/normalize/src/operators'],
  },
  {
    name: 'a window with a hole in it is called complete',
    file: 'packages/normalize/src/operators/bars.ts',
    from: 'const isComplete = isProven(state, series, index) && !isBroken(state, series, index)',
    to: 'const isComplete = isProven(state, series, index)',
    tests: ['packages/normalize/src/operators'],
  },
  {
    name: 'a window is called complete before its end is proven',
    file: 'packages/normalize/src/operators/bars.ts',
    from: 'const isComplete = isProven(state, series, index) && !isBroken(state, series, index)',
    to: 'const isComplete = !isBroken(state, series, index)',
    tests: ['packages/normalize/src/operators'],
  },
  {
    name: 'a hole right behind a window is taken to hold none of its late trades',
    file: 'packages/normalize/src/operators/bars.ts',
    from: 'return provenUs >= endOf(series, index) + plan.latenessUs',
    to: 'return provenUs >= endOf(series, index)',
    tests: ['packages/normalize/src/operators'],
  },
  {
    name: 'bars go on with another stream when a connection is lost',
    file: 'packages/normalize/src/operators/trade-flow.ts',
    from: 'wantedUntil >= minuteOf(us) - 1',
    to: 'wantedUntil >= minuteOf(us) - 1 && wantedUntil < 0',
    tests: ['packages/normalize/src/operators/bars.test.ts'],
  },
  {
    name: 'bars forget their open windows at a restart',
    file: 'packages/normalize/src/operators/bar-image.ts',
    from: 'series.panes.push(...panes.map',
    to: 'series.panes.push(...panes.slice(1).map',
    tests: ['packages/normalize/src/operators'],
  },
  {
    name: 'two collectors of one warehouse may collect the same',
    file: 'packages/pipeline/src/claims.ts',
    from: 'if (double === null) continue',
    to: 'if (double === null || double !== null) continue',
    tests: ['packages/pipeline/src/claims.test.ts'],
  },
]
