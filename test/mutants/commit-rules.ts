import type { Mutant } from './mutants.ts'

/**
 * The rules of the commit protocol turned off, one at a time, each by its number.
 *
 * R1 is the shape of the ledger (one item for all tables), R13, R20 and R22 have no code of their own that could be left
 * out. R2, R5, R6, R7, R10, R11, R12, R16, R17 and R18 are turned off in the
 * schedules of `packages/commit` as well, by ports that lie.
 */
const COMMIT = ['packages/commit/src']
const ROUNDS = ['packages/commit/src/round.test.ts', 'packages/commit/src/committer.test.ts']

export const commitRules: readonly Mutant[] = [
  {
    name: 'R3: two journals have one writer id',
    file: 'packages/journal/src/identity.ts',
    from: 'const id = ulid(clock.nowUs())',
    to: "const id = '0'.repeat(26)",
    tests: ['packages/journal/src'],
  },
  {
    name: 'R4: an epoch is decided before the one in front of it',
    file: 'packages/commit/src/batch.ts',
    from: 'if (request.writer !== entry.writer || request.epoch !== epoch) break',
    to: 'epoch = request.epoch',
    tests: COMMIT,
  },
  {
    name: 'R8: a new table begins with rows on whatever is there',
    file: 'packages/commit/src/round.ts',
    from: "return { step: 'building', attempt, care, base: table, batch: genesisBatch(emptyMap) }",
    to: "return { step: 'reading', attempt, care, base: table, map: { ...emptyMap, snapshot: 0n } }",
    tests: COMMIT,
  },
  {
    name: 'R9: a rollback goes unseen',
    file: 'packages/commit/src/map.ts',
    from: "if (head.sequenceNumber < property.seq) return halt('main is older than the map: the table was rolled back')",
    to: '',
    tests: COMMIT,
  },
  {
    name: 'R9: what was given up comes back when it was to be kept',
    file: 'packages/commit/src/repair.ts',
    from: 'const decided = furthest(known, onMain, await markedEpochs(options))',
    to: 'const decided = furthest(onMain)',
    tests: COMMIT,
  },
  {
    name: 'R9: what comes back is not looked for before',
    file: 'packages/commit/src/repair.ts',
    from: 'if (missing.length > 0) return',
    to: 'if (missing.length > 1e9) return',
    tests: COMMIT,
  },
  {
    name: 'R10: a file that is gone is committed again',
    file: 'packages/commit/src/round.ts',
    from: "if (event.missing.length === 0) return { step: 'building', attempt, care, base, batch }",
    to: "if (attempt > 0) return { step: 'building', attempt, care, base, batch }",
    tests: COMMIT,
  },
  {
    name: 'R11: an epoch is released when its first table has it',
    file: 'packages/commit/src/writer.ts',
    from: "Object.keys(request.tables).every((table) => done.has(table)) ? 'decided' : null",
    to: "Object.keys(request.tables).some((table) => done.has(table)) ? 'decided' : null",
    tests: COMMIT,
  },
  {
    name: 'R12: a slot that another process took counts as ours',
    file: 'packages/commit/src/epoch.ts',
    from: "taken: { state: 'fenced', actions: ['append-fenced'] },",
    to: "taken: { state: 'accepted', actions: ['append-accepted'] },",
    tests: COMMIT,
  },
  {
    name: 'R15: a key is written twice',
    file: 'packages/stores/src/disk.ts',
    from: 'await files.link(temporary, path)',
    to: 'await files.rename(temporary, path)',
    tests: ['packages/stores/src'],
  },
  {
    name: 'R16: a void epoch counts as decided',
    file: 'packages/commit/src/map.ts',
    from: 'return epoch <= (map.decided.get(writer) ?? 0) && !(map.voids.get(writer)?.has(epoch) ?? false)',
    to: 'return epoch <= (map.decided.get(writer) ?? 0)',
    tests: COMMIT,
  },
  {
    name: 'R17: files of sealed requests are taken for orphans',
    file: 'packages/commit/src/sweep.ts',
    from: 'const sealed = await options.sealed()',
    to: 'const sealed = new Set<string>()',
    tests: COMMIT,
  },
  {
    name: 'R17: the ledger is not asked before files are deleted',
    file: 'packages/commit/src/sweep.ts',
    from: '...sealed.files, ...undecided.files, ...elsewhere]),',
    to: '...sealed.files, ...elsewhere]),',
    tests: COMMIT,
  },
  {
    name: 'R17: a ledger with a hole is taken for whole',
    file: 'packages/commit/src/sweep.ts',
    from: 'if (open.length === OPEN_EPOCHS_MAX || open.some((epoch) => epoch >= next))',
    to: 'if (open.length === OPEN_EPOCHS_MAX)',
    tests: COMMIT,
  },
  {
    name: 'R17: the table of before the listing decides what is live',
    file: 'packages/commit/src/sweep.ts',
    from: 'load: async () => standing.table,',
    to: 'load: async () => table,',
    tests: COMMIT,
  },
  {
    name: 'R17: files are deleted though nobody knows whether the expiry was applied',
    file: 'packages/commit/src/expire.ts',
    from: "if (result.outcome === 'unknown') doubt = { before: table, snapshotIds }",
    to: `if (result.outcome === 'unknown') {
      const snapshots = table.metadata.snapshots.filter(({ snapshotId }) => !snapshotIds.includes(snapshotId))
      const files = await expiredFiles(io, table.metadata, { ...table.metadata, snapshots })
      return removed(options, snapshotIds.length, files)
    }`,
    tests: COMMIT,
  },
  {
    name: 'a clock that leaps ahead makes files old (K13)',
    file: 'packages/commit/src/sweep.ts',
    from: 'return Math.min(nowMs, youngestMs)',
    to: 'return nowMs',
    tests: COMMIT,
  },
  {
    name: 'a compaction takes away what others have changed since',
    file: 'packages/commit/src/compact.ts',
    from: 'return rewritings.filter(({ removed }) => removed.every(({ location }) => shown.has(location)))',
    to: 'return shown.size > 0 ? rewritings : []',
    tests: COMMIT,
  },
  {
    name: 'a table that cannot be explained is looked after (I8)',
    file: 'packages/commit/src/maintenance.ts',
    from: "if (reading.kind === 'halt') return { kind: 'refused', why: reading.why }",
    to: "if (reading.kind === 'halt') return { kind: 'fit', table, map: { decided: new Map(), voids: new Map() } }",
    tests: COMMIT,
  },
  {
    name: 'R6: a post that nobody answers for is taken for applied',
    file: 'packages/commit/src/round.ts',
    from: "if (kind !== 'applied') return again(context, state, true)",
    to: "if (kind === 'conflict') return again(context, state, true)",
    tests: ['packages/commit/src/crash-matrix.test.ts'],
  },
  {
    name: 'T4: a writer that the registry lost is not put there again',
    file: 'packages/commit/src/writer.ts',
    from: 'this.#registered = false\n        await this.#send(line)',
    to: 'await this.#send(line)',
    tests: ['packages/commit/src/writer.test.ts'],
  },
  {
    name: 'R16: the journal is deleted up to the last release though rows of it may be made again from before',
    file: 'packages/pipeline/src/seals.ts',
    from: 'const base = kept.findLastIndex(({ epoch }) => epoch <= lastReleased())',
    to: 'const base = kept.length - 1',
    tests: ['packages/pipeline/src/seals.test.ts'],
  },
  {
    name: 'K9: two look after the tables at once',
    file: 'packages/pipeline/src/maintenance.ts',
    from: 'const unlock = options.isDryRun ? () => {} : lockMaintenance(warehouse)',
    to: 'const unlock = (): void => {}',
    tests: ['packages/pipeline/src/committing.test.ts'],
  },
  {
    name: 'K9: a warehouse is moved under a committer',
    file: 'packages/pipeline/src/committing.ts',
    from: 'const release = shareWarehouse(warehouse)',
    to: 'const release = (): void => {}',
    tests: ['packages/pipeline/src/committing.test.ts'],
  },
  {
    name: 'R16: a request of any age is appended',
    file: 'packages/commit/src/round.ts',
    from: 'if (nowMs - sealedAtMs > voidAfterMs) return',
    to: 'if (nowMs - sealedAtMs > 1e15) return',
    tests: ROUNDS,
  },
  {
    name: 'R16: a request that grew too old before its post is appended',
    file: 'packages/commit/src/committer.ts',
    from: "if (options.nowMs() - state.batch.oldestMs > context.voidAfterMs) return { kind: 'late' }",
    to: '',
    tests: ROUNDS,
  },
  {
    name: 'R16: a void epoch that was void before is appended when its file is found again',
    file: 'packages/commit/src/round.ts',
    from: "if (voids.includes(table)) return 'it was passed over before'",
    to: '',
    tests: ROUNDS,
  },
  {
    name: 'R16: a file that the table had before and lost is passed over',
    file: 'packages/commit/src/round.ts',
    from: 'if (done[table] !== undefined) return null',
    to: '',
    tests: ROUNDS,
  },
  {
    name: 'R16: rows come again though the table has them',
    file: 'packages/commit/src/round.ts',
    from: 'if (batch !== null && batch.doubled !== null)',
    to: 'if (batch === null)',
    tests: ROUNDS,
  },
  {
    name: 'R16: a writer is not told what is void',
    file: 'packages/commit/src/committer.ts',
    from: 'if (!isDecided(map, writer, epoch)) await ledger.markVoid(writer, epoch, table)',
    to: '',
    tests: ROUNDS,
  },
  {
    name: 'R16: rows are made again twice',
    file: 'packages/pipeline/src/recut.ts',
    from: 'const fresh = voids.filter((each) => !known.has(nameOf(each)))',
    to: 'const fresh = voids',
    tests: ['packages/pipeline/src/recut.test.ts'],
  },
  {
    name: 'R16: a cut forgets the rows that were made again',
    file: 'packages/pipeline/src/sealer.ts',
    from: 'submit(brought.reduce(withRecut, own), image)',
    to: 'submit(own, image)',
    tests: ['packages/pipeline/src/recut.test.ts'],
  },
  {
    name: 'R18: a retired writer is read like any other',
    file: 'packages/commit/src/batch.ts',
    from: "if (entry.state !== 'retired') return (decided ?? 0) + 1",
    to: "if (entry.state !== 'closed') return (decided ?? 0) + 1",
    tests: COMMIT,
  },
  {
    name: 'R19: a writer retires before all of its epochs are in their tables',
    file: 'packages/commit/src/sqlite-ledger.ts',
    from: "if (Number(items?.n) !== last || todo !== undefined) return 'undecided'",
    to: "if (Number(items?.n) !== last) return 'undecided'",
    tests: COMMIT,
  },
  {
    name: 'R21: a table with other columns is written to',
    file: 'packages/commit/src/round.ts',
    from: 'if (wrong !== null) return halted(wrong)\n  const reading = readMap(table.metadata, event.knownDone)',
    to: 'const reading = readMap(table.metadata, event.knownDone)',
    tests: COMMIT,
  },
  {
    name: 'of a damaged control log the good beginning protects its files',
    file: 'packages/journal/src/sealed-requests.ts',
    from: 'import { decodeLines } from',
    to: 'import { goodLines as decodeLines } from',
    tests: ['packages/journal/src/sealed-requests.test.ts'],
  },
  {
    name: 'a column without its scale is rounded when files are joined',
    file: 'packages/sink/src/unseal.ts',
    from: 'const scale = scales === null ? leastScale(value) : (scales.values[i] as number)',
    to: 'const scale = 8',
    tests: ['packages/sink/src'],
  },
]
