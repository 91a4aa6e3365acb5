import {
  type AuditNote,
  decodeAnswerPayload,
  decodeNote,
  RecordKind,
  type StreamSpec,
} from '@cryptoflow/model'
import { manualClock } from '@cryptoflow/runtime'
import { describe, expect, it } from 'vitest'
import { type AuditSubscriptionOptions, subscribeForAudit } from './audit-subscription.ts'
import type { ConnectPool } from './connect-pool.ts'
import {
  bookStreams,
  confirming,
  eventFrame,
  type Hearing,
  hearing,
  type MemoryIntake,
  snapshotFrame,
} from './ingest-support.ts'
import { defaultLimits } from './limits.ts'

/** Books `o` of which another connection counts the same updates. */
const offered = bookStreams.map((spec) =>
  spec.name === 'o' ? { ...spec, book: { ...spec.book, joins: () => 'next' } } : spec,
) as readonly StreamSpec[]

/** The book of A on a connection of its own, audited again and again. */
const book = (server: Hearing['server'], more: Partial<Hearing> = {}): Hearing => ({
  server,
  symbols: ['A'],
  streams: ['o'],
  offered,
  options: { auditEveryMs: 20, clockRecords: false },
  ...more,
})

const notesOf = (intake: MemoryIntake): AuditNote[] =>
  intake.of(RecordKind.audit).map(({ payload }) => decodeNote<AuditNote>(payload))

/** The first socket is the book's own, and confirmed; the others are what the test makes of them. */
function serving(other: Parameters<typeof confirming>[2]): Hearing['server'] {
  let sockets = 0
  const own = confirming('frame')
  const others = confirming('frame', [], other)
  return {
    onSocket: (socket) => {
      sockets += 1
      if (sockets === 1) own(socket)
      else others(socket)
    },
  }
}

describe('an audit by a subscription of its own', () => {
  it('records its question, then the frame that it began with, and leaves; nothing else is heard there', async () => {
    const codes: number[] = []
    const server = serving((socket, { id }) => {
      socket.on('close', (code) => codes.push(code))
      for (const frame of [`{"ok":${id}}`, snapshotFrame('o', 'B'), eventFrame('o', 'A')]) socket.send(frame)
      socket.send(snapshotFrame('o', 'A'))
      socket.send(eventFrame('o', 'A'))
      return true
    })
    const intake = await hearing(book(server), async (heard) => {
      await heard.until(() => heard.of(RecordKind.answer).length >= 2)
    })
    const records = intake.records.filter(
      ({ kind }) => kind === RecordKind.audit || kind === RecordKind.answer,
    )
    for (const [index, { kind, payload }] of records.slice(0, 4).entries()) {
      expect(kind).toBe(index % 2 === 0 ? RecordKind.audit : RecordKind.answer)
      if (kind !== RecordKind.answer) continue
      const { context, body } = decodeAnswerPayload(payload)
      const audit = records[index - 1]?.number
      expect(context).toMatchObject({
        symbol: 'A',
        stream: 'o',
        resync: 0,
        status: 200,
        isFrame: true,
        audit,
      })
      expect(Buffer.from(body).toString()).toBe(snapshotFrame('o', 'A'))
    }
    expect(notesOf(intake)[0]).toMatchObject({ symbol: 'A', stream: 'o', state: 'asked' })
    expect(intake.of(RecordKind.connect)).toHaveLength(1)
    expect(intake.texts()).toEqual(['{"ok":1}', snapshotFrame('o', 'A')])
    expect(codes[0]).toBe(1000)
  })

  it.each([
    ['is refused', 'refuse', /refused: \{"no":1\}/],
    ['is cut off', 'close', /closed by the exchange/],
    ['brings no snapshot in time', 'silence', /no snapshot came within 250 ms/],
  ] as const)('says so when it %s, and the stream goes on', async (_, onOther, reason) => {
    const server = serving((socket, { id }) => {
      if (onOther === 'refuse') socket.send(`{"no":${id}}`)
      else if (onOther === 'close') socket.close()
      return true
    })
    const limits = onOther === 'silence' ? { limits: { answerWithinMs: 250 } } : {}
    const intake = await hearing(book(server, limits), async (heard) => {
      await heard.until(() => heard.told('snapshot-failed').length > 0)
    })
    expect(intake.told('snapshot-failed')[0]?.reason).toMatch(reason)
    expect(
      notesOf(intake)
        .slice(0, 2)
        .map(({ state }) => state),
    ).toEqual(['asked', 'failed'])
    expect(intake.of(RecordKind.answer)).toEqual([])
    expect(intake.told('waiting')).toEqual([])
  })

  it('ends with the process, while it waits for its snapshot', async () => {
    const intake = await hearing(book(serving(() => true)), async (heard) => {
      await heard.until(() => heard.of(RecordKind.audit).length > 0)
    })
    expect(intake.told('snapshot-failed')).toEqual([])
    expect(intake.of(RecordKind.answer)).toEqual([])
  })

  it('is left out where its turn to connect does not come in time, and stands in nobody’s way', async () => {
    const clock = manualClock()
    let waiting = 0
    const end = subscribeForAudit({
      clock,
      limits: defaultLimits,
      signal: new AbortController().signal,
      pool: {
        request() {
          waiting += 1
          return () => {
            waiting -= 1
          }
        },
      } as Partial<ConnectPool> as ConnectPool,
      begin: () => expect.unreachable('it never had a turn'),
    } as Partial<AuditSubscriptionOptions> as AuditSubscriptionOptions)
    clock.advance(defaultLimits.answerWithinMs - 1)
    expect(waiting).toBe(1)
    clock.advance(1)
    expect(await end).toEqual({ kind: 'dropped' })
    expect(waiting).toBe(0)
  })
})
