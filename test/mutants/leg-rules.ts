import type { Mutant } from './mutants.ts'

const LEGS = ['packages/normalize/src/two-legs.test.ts', 'packages/normalize/src/leg-worlds.test.ts']

/** Planted bugs of holes that another connection may still fill. */
export const legRules: readonly Mutant[] = [
  {
    name: 'a hole is declared though the other connection may still fill it',
    file: 'packages/normalize/src/gap-rows.ts',
    from: 'return stream.connections.filter((leg) => leg !== message.record.connection)',
    to: 'return []',
    tests: LEGS,
  },
  {
    name: 'a hole waits for the connection that found it',
    file: 'packages/normalize/src/gap-rows.ts',
    from: 'return stream.connections.filter((leg) => leg !== message.record.connection)',
    to: 'return [...stream.connections]',
    tests: LEGS,
  },
  {
    name: 'a hole is declared by the first message of the other connection',
    file: 'packages/normalize/src/waiting-hole.ts',
    from: 'if (seq >= hole.toSeq) hole.awaited',
    to: 'hole.awaited',
    tests: LEGS,
  },
  {
    name: 'a hole waits for a connection that ended',
    file: 'packages/normalize/src/normalizer.ts',
    from: '        legEnded(this.parts, state, stream, record, record.connection)\n',
    to: '',
    tests: LEGS,
  },
  {
    name: 'a hole waits for ever',
    file: 'packages/normalize/src/normalizer.ts',
    from: 'if (record.receivedUs >= this.parts.legs.dueUs)',
    to: 'if (record.receivedUs < 0)',
    tests: LEGS,
  },
  {
    name: 'holes that wait are forgotten by a restart',
    file: 'packages/normalize/src/stream-image.ts',
    from: 'stream.waiting = (image.waiting ?? []).map(restoreWaiting)',
    to: 'stream.waiting = []',
    tests: LEGS,
  },
  {
    name: 'a book takes deltas before what is missing between them',
    file: 'packages/normalize/src/leg-flow.ts',
    from: 'stream.waiting[0]?.rest[0]?.from ?? Number.POSITIVE_INFINITY',
    to: 'Number.POSITIVE_INFINITY',
    tests: LEGS,
  },
  {
    name: 'a book takes deltas in the order in which they were heard',
    file: 'packages/normalize/src/delta-line.ts',
    from: '    all.sort((a, b) => a.lastSeq - b.lastSeq)\n',
    to: '',
    tests: LEGS,
  },
  {
    name: 'a minute is closed while a hole in it waits',
    file: 'packages/normalize/src/coverage.ts',
    from: 'if (undecided !== undefined) return undecided.fromUs',
    to: '',
    tests: LEGS,
  },
]
