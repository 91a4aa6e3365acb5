import { describe, expect, it } from 'vitest'
import { FakeLane, type Step } from './lane-fixture.ts'

const connect: Step = { kind: 'connect', subscriptions: [['BTCUSDT', 'trade']] }
const trade = (connection: number, id: number): Step => ({
  kind: 'frame',
  connection,
  messages: [{ kind: 'trade', first: id, levels: [['bid', '1', '2']] }],
})

describe('the cause of a hole', () => {
  it.each(['disk_full', 'clock_step', 'suspended'] as const)('is %s when the disconnect says so', (cause) => {
    const lane = new FakeLane()
    lane.play(connect, trade(1, 1), { kind: 'disconnect', connection: 1, cause }, connect, trade(4, 5))
    const gap = lane.rows.find((row) => row.table === 'gaps' && row.from_seq === 1)
    expect(gap).toMatchObject({ cause, to_seq: 5, missing: 3 })
  })

  it('is the disconnect when nothing else is said, and the state image keeps what was said', () => {
    const lane = new FakeLane()
    lane.play(connect, trade(1, 1), { kind: 'disconnect', connection: 1, cause: 'suspended' })
    const other = new FakeLane()
    other.normalizer.restore(lane.normalizer.image())
    other.number = lane.number
    other.nowUs = lane.nowUs
    other.play(connect, trade(4, 9))
    expect(other.rows.find((row) => row.from_seq === 1)).toMatchObject({ cause: 'suspended' })
    const plain = new FakeLane()
    plain.play(connect, trade(1, 1), { kind: 'disconnect', connection: 1 }, connect, trade(4, 5))
    expect(plain.rows.find((row) => row.from_seq === 1)).toMatchObject({ cause: 'disconnect' })
  })
})
