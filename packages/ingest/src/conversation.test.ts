import { type ConnectNote, decodeNote, RecordKind } from '@cryptoflow/model'
import { describe, expect, it } from 'vitest'
import type { WebSocket } from 'ws'
import {
  acking,
  bookStreams,
  confirmationOf,
  confirming,
  eventFrame,
  firstFrame,
  hearing,
  limit,
  snapshotFrame,
  type ToyRequest,
} from './ingest-support.ts'

const books = { offered: bookStreams, symbols: ['A', 'B'], streams: ['o', 'oq', 't'] }
const roomy = { subscribeFrameBytesMax: limit(1000), streamsPerConnectionMax: limit(100) }

describe('what is said on a new connection', () => {
  it('begins with the opening frames of its route, and waits for no answer to them', async () => {
    const asked: ToyRequest[] = []
    const onSocket = confirming('frame', asked)
    const session = { ...roomy, openingFrames: { a: ['hello', 'world'], b: ['elsewhere'] } }
    await hearing({ ...books, streams: ['t'], session, server: { onSocket } }, async (records, ingest) => {
      await records.until(() => records.texts().length === 3)
      expect(ingest.counters.connects).toBe(1)
    })
    expect(asked).toEqual([{ text: 'hello' }, { text: 'world' }, { names: ['A@t', 'B@t'], id: 1 }])
  })

  it('subscribes each group by itself, and a stream that comes within another not at all', async () => {
    const asked: ToyRequest[] = []
    const session = {
      ...roomy,
      subscribeGroup: (name: string) => name.slice(1),
      streamsPerFrameMax: limit(2),
    }
    const intake = await hearing(
      {
        ...books,
        symbols: ['A', 'B', 'C'],
        streams: ['oq', 't', 'ids', 'ids2'],
        session,
        server: { onSocket: confirming('frame', asked) },
      },
      async (records) => {
        await records.until(() => asked.length === 6)
      },
    )
    expect(asked.map(({ names, id }) => `${id} ${names}`)).toEqual([
      '1 A@o,B@o',
      '2 C@o',
      '3 A@t,B@t',
      '4 C@t',
      '5 A@ids,B@ids',
      '6 C@ids',
    ])
    const note = decodeNote<ConnectNote>(intake.of(RecordKind.connect)[0]?.payload as Uint8Array)
    expect(note.subscriptions.filter(({ symbol }) => symbol === 'B').map(({ stream }) => stream)).toEqual([
      'oq',
      't',
      'ids',
      'ids2',
    ])
  })

  it('has no Origin, and offers no compression', async () => {
    await hearing({ ...books, server: { onSocket: confirming('frame') } }, async (records, _, exchange) => {
      await records.until(() => records.texts().length > 0)
      expect(exchange.headers[0]).toBeDefined()
      for (const headers of exchange.headers) {
        expect(headers.origin).toBeUndefined()
        expect(headers['sec-websocket-extensions']).toBeUndefined()
      }
    })
  })
})

describe('a binary frame', () => {
  it('is data as a text frame is: recorded byte for byte, and read for answers', async () => {
    const onSocket = (socket: WebSocket) =>
      socket.on('message', (data) => {
        socket.send(Buffer.from(JSON.stringify({ ok: JSON.parse(String(data)).id })), { binary: true })
        socket.send(Buffer.from([0, 255, 1]), { binary: true })
      })
    const intake = await hearing(
      { ...books, symbols: ['A'], server: { onSocket: (socket) => void onSocket(socket) } },
      async (records, ingest) => {
        await records.until(() => records.texts().length >= 4)
        ingest.replace(records.opened(-1))
        await records.until(() => records.told('replaced').length === 1)
      },
    )
    expect(Buffer.from(intake.of(RecordKind.frame)[1]?.payload as Uint8Array)).toEqual(
      Buffer.from([0, 255, 1]),
    )
    expect(intake.told('waiting')).toEqual([])
  })
})

describe('a long frame', () => {
  it('of 20 MB is taken whole', async () => {
    const onSocket = acking((socket) => socket.send(Buffer.alloc(20 * 1024 * 1024, 'x')))
    const intake = await hearing(
      { ...books, symbols: ['A'], streams: ['t'], server: { onSocket } },
      async (records) => {
        await records.until(() => records.of(RecordKind.frame).length === 2)
      },
    )
    expect(intake.of(RecordKind.frame)[1]?.payload).toHaveLength(20 * 1024 * 1024)
  })
})

describe('a subscription that is confirmed by stream', () => {
  const session = { ...roomy, confirms: 'stream' as const }

  it('is complete when every wire name was confirmed, whoever was asked in whatever order', async () => {
    const held: WebSocket[] = []
    const onSocket = confirming('stream', [], (socket, { names }) => {
      held.push(socket)
      for (const name of [...(names ?? [])].reverse().slice(1)) {
        socket.send(JSON.stringify({ ok: null, streams: [name] }))
      }
      return true
    })
    await hearing({ ...books, streams: ['t'], session, server: { onSocket } }, async (records, ingest) => {
      await records.until(() => records.texts().length === 1)
      ingest.replace(records.opened(0))
      // The old connection is heard on: the new one is not complete either.
      await records.until(() => records.texts().length === 2)
      expect(records.told('replaced')).toEqual([])
      held[1]?.send('{"ok":9,"streams":["B@t","B@t","C@t"]}')
      await records.until(() => records.told('replaced').length === 1)
      expect(records.told('replaced')[0]?.overlapped).toBe(true)
    })
  })

  it('is given up when one of them stays unconfirmed', async () => {
    const onSocket = confirming('stream', [], (socket, { id, names }) => {
      for (const frame of confirmationOf('stream', { id: id as number, names: names?.slice(1) ?? [] })) {
        socket.send(frame)
      }
      socket.send(JSON.stringify({ ok: id }))
      return true
    })
    const intake = await hearing(
      { ...books, session, server: { onSocket }, limits: { answerWithinMs: 40 } },
      async (records) => {
        await records.until(() => records.told('waiting').length >= 1)
      },
    )
    expect(intake.told('waiting')[0]?.reason).toBe('a subscription was not acknowledged in time')
  })
})

describe('a subscription that is confirmed by data', () => {
  const session = { ...roomy, confirms: 'data' as const }
  /** Sends the first message of some names only. */
  const saying = (...said: string[]) =>
    confirming('data', [], (socket, { names }) => {
      for (const name of names ?? []) if (said.includes(name)) socket.send(firstFrame(name))
      return true
    })

  it('is complete with the first message of every wire name', async () => {
    await hearing(
      { ...books, streams: ['t', 'ids'], session, server: { onSocket: confirming('data') } },
      async (records, ingest) => {
        await records.until(() => records.texts().length === 4)
        ingest.replace(records.opened(0))
        await records.until(() => records.told('replaced').length === 1)
        expect(records.told('replaced')[0]?.overlapped).toBe(true)
      },
    )
  })

  it('is complete with the message of a stream that brings the one that was asked for', async () => {
    const onSocket = confirming('data', [], (socket, { names }) => {
      for (const name of names ?? []) socket.send(eventFrame('o', name.slice(0, 1)))
      return true
    })
    await hearing({ ...books, streams: ['oq'], session, server: { onSocket } }, async (records, ingest) => {
      await records.until(() => records.texts().length === 2)
      ingest.replace(records.opened(0))
      await records.until(() => records.told('replaced').length === 1)
      expect(records.told('replaced')[0]?.overlapped).toBe(true)
    })
  })

  it('is complete with any symbol’s message of a stream of the whole market, within which others come', async () => {
    const onSocket = confirming('data', [], (socket) => {
      socket.send(eventFrame('all', 'X'))
      return true
    })
    await hearing({ ...books, streams: ['one'], session, server: { onSocket } }, async (records, ingest) => {
      await records.until(() => records.texts().length === 1)
      ingest.replace(records.opened(0))
      await records.until(() => records.told('replaced').length === 1)
      expect(records.told('replaced')[0]?.overlapped).toBe(true)
    })
  })

  it('counts as complete when the time is over and something was heard; the rest is told as mute', async () => {
    const limits = { answerWithinMs: 300, muteAfterMs: 100 }
    const intake = await hearing(
      { ...books, session, server: { onSocket: saying('A@o', 'A@t') }, limits },
      async (records) => {
        await records.until(() => records.told('mute').length >= 3)
      },
    )
    // Nobody has to trade. What comes within the book is missed by its own name.
    expect(
      intake
        .told('mute')
        .map(({ connection, symbol, stream }) => [connection === intake.opened(0), `${symbol}@${stream}`]),
    ).toEqual([
      [true, 'A@oq'],
      [true, 'B@o'],
      [true, 'B@oq'],
    ])
    expect(intake.told('waiting')).toEqual([])
  })

  it('is given up when nothing at all was heard of streams that should talk', async () => {
    const intake = await hearing(
      { ...books, session, server: { onSocket: saying() }, limits: { answerWithinMs: 40 } },
      async (records) => {
        await records.until(() => records.told('waiting').length >= 1)
      },
    )
    expect(intake.told('waiting')[0]?.reason).toBe('nothing of what was subscribed was heard in time')
  })

  it('is believed in silence where nobody has to say anything', async () => {
    const intake = await hearing(
      { ...books, streams: ['t'], session, server: { onSocket: saying() }, limits: { answerWithinMs: 200 } },
      async (records, ingest) => {
        const ticks = records.of(RecordKind.clock).length
        await records.until(() => records.of(RecordKind.clock).length >= ticks + 4)
        ingest.replace(records.opened(0))
        await records.until(() => records.told('replaced').length === 1)
      },
    )
    expect(intake.told('waiting')).toEqual([])
  })
})

describe('a refusal that names its streams', () => {
  const refusing = (bad: string, confirms: 'frame' | 'stream', asked: ToyRequest[] = []) =>
    confirming(confirms, asked, (socket, { names, id }) => {
      if (!names?.includes(bad)) return false
      socket.send(JSON.stringify({ no: id, streams: [bad] }))
      // By frame the whole request is lost, by stream the others stand.
      if (confirms === 'frame') return true
      for (const name of names.filter((good) => good !== bad)) {
        socket.send(JSON.stringify({ ok: id, streams: [name] }))
        socket.send(firstFrame(name))
      }
      return true
    })

  it('takes only those out: the connection lives, and nothing more is expected of them', async () => {
    const session = { ...roomy, confirms: 'stream' as const }
    const intake = await hearing(
      {
        ...books,
        streams: ['o'],
        session,
        server: { onSocket: refusing('B@o', 'stream') },
        limits: { muteAfterMs: 60 },
      },
      async (records, ingest) => {
        await records.until(() => records.texts().length === 3)
        // It can neither be renewed nor make anything else be replaced.
        ingest.want({ symbol: 'B', stream: 'o', resync: 1 })
        const ticks = records.of(RecordKind.clock).length
        await records.until(() => records.of(RecordKind.clock).length >= ticks + 2)
        expect(ingest.counters).toMatchObject({ mute: 0, connects: 1, resubscribes: 0 })
      },
    )
    expect(intake.told('refused')).toEqual([
      {
        kind: 'refused',
        connection: intake.opened(0),
        detail: '{"no":1,"streams":["B@o"]}',
        streams: ['B@o'],
      },
    ])
    expect(intake.told('waiting')).toEqual([])
  })

  it('and takes the whole frame with it makes the others be asked for again, in a new frame', async () => {
    const asked: ToyRequest[] = []
    const session = { ...roomy, streamsPerFrameMax: limit(3) }
    const intake = await hearing(
      {
        ...books,
        symbols: ['A', 'B', 'C', 'D'],
        streams: ['o'],
        session,
        server: { onSocket: refusing('B@o', 'frame', asked) },
      },
      async (records) => {
        await records.until(() => records.texts().filter((text) => text.startsWith('{"s"')).length === 3)
      },
    )
    expect(asked.map(({ id, names }) => `${id} ${names}`)).toEqual(['1 A@o,B@o,C@o', '2 D@o', '3 A@o,C@o'])
    expect(intake.told('refused').map(({ streams }) => streams)).toEqual([['B@o']])
    expect(intake.told('waiting')).toEqual([])
  })

  it('every time names one stream after the other, and gives the connection up with the last', async () => {
    const asked: ToyRequest[] = []
    const onSocket = confirming('frame', asked, (socket, { names, id }) => {
      socket.send(JSON.stringify({ no: id, streams: [names?.[0], 'nobody'] }))
      return true
    })
    const backoff = { firstMs: 60_000, maxMs: 60_000, jitter: 0 }
    const intake = await hearing(
      {
        ...books,
        symbols: ['A', 'B', 'C'],
        streams: ['o'],
        session: roomy,
        server: { onSocket },
        options: { backoff },
      },
      async (records) => {
        await records.until(() => records.told('waiting').length === 1)
      },
    )
    expect(asked.map(({ id, names }) => `${id} ${names}`)).toEqual(['1 A@o,B@o,C@o', '2 B@o,C@o', '3 C@o'])
    expect(intake.told('refused').map(({ streams }) => streams)).toEqual([['A@o'], ['B@o'], ['C@o']])
    expect(intake.told('waiting')[0]?.reason).toContain('a subscription was refused')
    expect(intake.of(RecordKind.connect)).toHaveLength(1)
  })

  it('of everything on a successor is no replacement', async () => {
    let sockets = 0
    const good = confirming('stream')
    const bad = confirming('stream', [], (socket, { names, id }) => {
      socket.send(JSON.stringify({ no: id, streams: names }))
      return true
    })
    const onSocket = (socket: WebSocket): void => {
      sockets += 1
      if (sockets === 2) bad(socket)
      else good(socket)
    }
    const backoff = { firstMs: 60_000, maxMs: 60_000, jitter: 0 }
    const session = { ...roomy, confirms: 'stream' as const }
    const intake = await hearing(
      { ...books, streams: ['t'], session, server: { onSocket }, options: { backoff } },
      async (records, ingest) => {
        await records.until(() => records.texts().length === 4)
        ingest.replace(records.opened(0))
        await records.until(() => records.told('waiting').length === 1)
        // The old one is heard on.
        expect(records.of(RecordKind.disconnect).map(({ connection }) => connection)).toEqual([
          records.opened(1),
        ])
      },
    )
    expect(intake.told('replaced')).toEqual([])
  })

  it('of the only stream that should talk leaves a connection that may be silent', async () => {
    const session = { ...roomy, confirms: 'stream' as const }
    const intake = await hearing(
      {
        ...books,
        symbols: ['A'],
        // Both can overlap, so that they share a connection: prices that should talk, and trades that may not.
        streams: ['oq', 't'],
        session,
        server: { onSocket: refusing('A@o', 'stream') },
        limits: { staleAfterMs: 60 },
      },
      async (records) => {
        const ticks = records.of(RecordKind.clock).length
        await records.until(() => records.of(RecordKind.clock).length >= ticks + 4)
      },
    )
    expect(intake.told('waiting')).toEqual([])
    expect(intake.told('refused')).toHaveLength(1)
  })
})

describe('our pings', () => {
  it('are said as a text as often as the exchange wants, and are no subscription', async () => {
    const asked: ToyRequest[] = []
    const onSocket = confirming('frame', asked, (socket, { text }) => {
      if (text === 'ping') socket.send('pong')
      return text === 'ping'
    })
    const session = {
      ...roomy,
      clientPing: { everyMs: limit(30), frame: 'ping' },
      subscribesPerHourMax: limit(1),
    }
    await hearing(
      { ...books, symbols: ['A'], streams: ['t'], session, server: { onSocket } },
      async (records) => {
        await records.until(() => records.texts().filter((text) => text === 'pong').length === 3)
      },
    )
    expect(asked.map(({ text, id }) => text ?? id)).toEqual([1, 'ping', 'ping', 'ping'])
  })

  it('are protocol pings where no text is named', async () => {
    let pings = 0
    const onSocket = confirming('frame')
    const session = { ...roomy, clientPing: { everyMs: limit(20), frame: null } }
    await hearing(
      {
        ...books,
        symbols: ['A'],
        streams: ['t'],
        session,
        server: {
          onSocket(socket) {
            onSocket(socket)
            socket.on('ping', () => {
              pings += 1
              if (pings === 4) socket.send('enough')
            })
          },
        },
      },
      async (records) => {
        await records.until(() => records.texts().includes('enough'))
      },
    )
  })

  it('that are answered by texts are no talk: a stream that falls silent is noticed', async () => {
    const onSocket = confirming('frame', [], (socket, { text }) => {
      if (text === 'ping') socket.send('pong')
      return text === 'ping'
    })
    const session = { ...roomy, clientPing: { everyMs: limit(20), frame: 'ping' } }
    const intake = await hearing(
      {
        ...books,
        symbols: ['A'],
        streams: ['o'],
        session,
        server: { onSocket },
        limits: { staleAfterMs: 200 },
      },
      async (records) => {
        await records.until(() => records.told('waiting').length === 1)
      },
    )
    expect(intake.told('waiting')[0]?.reason).toBe('no frame for 0.2 s')
  })
})

describe('the snapshot of a book', () => {
  it('is a message like any other until it is wanted again', async () => {
    await hearing(
      { ...books, streams: ['o'], server: { onSocket: confirming('frame') } },
      async (records, ingest) => {
        await records.until(() => records.texts().length === 3)
        expect(records.texts().slice(1)).toEqual([snapshotFrame('o', 'A'), snapshotFrame('o', 'B')])
        expect(ingest.counters.resubscribes).toBe(0)
      },
    )
  })
})
