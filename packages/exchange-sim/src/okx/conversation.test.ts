import { describe, expect, it } from 'vitest'
import { argsOf, calm, linear, parsed, play, pushes, request, settled } from './house-support.ts'

const SYMBOL = 'BTC-USDT-SWAP'

describe('a conversation', () => {
  it('has a plain pong for a plain ping', async () => {
    const { client: connect } = await play()
    const client = await connect()
    client.send('ping')
    await client.until((texts) => texts.length === 1)
    expect(client.texts).toEqual(['pong'])
  })

  it('ends after half a minute without a subscription, whatever is said', async () => {
    const { clock, client: connect } = await play(linear, calm)
    const client = await connect()
    clock.advance(20_000)
    await settled(client)
    clock.advance(9_000)
    await settled(client)
    clock.advance(1_000)
    expect(await client.closed).toEqual({ code: 4004, reason: 'No data received in 30s' })
  })

  it('ends when nothing was pushed for half a minute, and a ping saves it', async () => {
    const { clock, client: connect, stage } = await play(linear, calm)
    const client = await connect()
    await request(client, argsOf(SYMBOL, 'trades'))
    for (let i = 0; i < 4; i++) {
      clock.advance(29_000)
      await settled(client)
    }
    clock.advance(30_000)
    expect(await client.closed).toMatchObject({ code: 4004 })
    expect(stage.counters.pongTimeouts).toBe(1)
  })

  it('lives on what it is told', async () => {
    const { clock, client: connect } = await play(linear, calm)
    const client = await connect()
    await request(client, argsOf(SYMBOL, 'mark-price'))
    clock.advance(120_000)
    await settled(client)
    expect(pushes(client, 'mark-price').length).toBeGreaterThan(500)
  })

  it('may ask 480 times in an hour', async () => {
    const { client: connect } = await play(linear, calm)
    const client = await connect()
    for (let i = 0; i < 240; i++) {
      client.send({ op: 'subscribe', args: argsOf(SYMBOL, 'mark-price') })
      client.send({ op: 'unsubscribe', args: argsOf(SYMBOL, 'mark-price') })
    }
    const [refusal] = await request(client, argsOf(SYMBOL, 'trades'))
    expect(refusal).toMatchObject({ event: 'error', code: '60014', msg: 'Requests too frequent' })
    expect(parsed(client).filter(({ event }) => event === 'error')).toHaveLength(1)
  })

  it('counts requests and not what they are about', async () => {
    const { client: connect } = await play()
    const client = await connect()
    const many = Array.from({ length: 500 }, () => argsOf(SYMBOL, 'mark-price')).flat()
    const acks = await request(client, many)
    expect(acks.filter(({ event }) => event === 'subscribe')).toHaveLength(500)
    await settled(client)
    expect(pushes(client, 'mark-price')).toHaveLength(1)
  })

  it('refuses what cannot be understood, by code', async () => {
    const { client: connect } = await play()
    const client = await connect()
    const long = Array.from({ length: 1_400 }, (_, i) => ({ channel: 'books', instId: `BTC-USDT-${i}-SWAP` }))
    const wrong: [unknown, string][] = [
      ['hello', '60012'],
      ['[1]', '60012'],
      [{ op: 'subscribe', argss: [] }, '60012'],
      [{ op: 'order', args: [{}] }, '60019'],
      [{ op: 'login', args: [{}] }, '60028'],
      [{ id: 'a b', op: 'subscribe', args: argsOf(SYMBOL, 'books') }, '60033'],
      [{ op: 'subscribe', args: long }, '60013'],
      [{ op: 'subscribe', args: [null] }, '60027'],
      [{ op: 'subscribe', args: [{ channel: 'books' }] }, '60018'],
      [{ op: 'subscribe', args: [{ channel: 'liquidation-orders', instId: SYMBOL }] }, '60018'],
    ]
    for (const [message] of wrong) client.send(message)
    await client.until((texts) => texts.length === wrong.length)
    expect(parsed(client).map(({ event, code }) => [event, code])).toEqual(
      wrong.map(([, code]) => ['error', code]),
    )
    expect(parsed(client)[0]?.msg).toBe('Invalid request: hello')
  })

  it('ends a subscription, and begins another one with the book of then', async () => {
    const { clock, client: connect } = await play()
    const client = await connect()
    await request(client, argsOf(SYMBOL, 'books'))
    clock.advance(500)
    await settled(client)
    const [end] = await request(client, argsOf(SYMBOL, 'books'), 'unsubscribe')
    expect(end).toMatchObject({ event: 'unsubscribe', arg: { channel: 'books', instId: SYMBOL } })
    const before = pushes(client, 'books').length
    clock.advance(500)
    await settled(client)
    expect(pushes(client, 'books')).toHaveLength(before)
    await request(client, argsOf(SYMBOL, 'books'))
    await settled(client)
    const books = pushes(client, 'books').slice(before)
    expect(books).toHaveLength(1)
    expect(books[0]).toMatchObject({ action: 'snapshot', data: [{ prevSeqId: -1 }] })
  })

  it('is told a minute before that its service is upgraded', async () => {
    const { clock, client: connect, stage } = await play(linear, calm)
    const client = await connect()
    await request(client, argsOf(SYMBOL, 'mark-price'))
    const notices = () => parsed(client).filter(({ event }) => event === 'notice')
    for (let minute = 0; minute < 10 && notices().length === 0; minute++) {
      clock.advance(60_000)
      await settled(client)
    }
    expect(notices()).toEqual([
      expect.objectContaining({
        code: '64008',
        msg: 'The connection will soon be closed for a service upgrade. Please reconnect.',
      }),
    ])
    clock.advance(60_000)
    expect(await client.closed).toMatchObject({ code: 1001 })
    expect(stage.counters).toMatchObject({ shutdownNotices: 1, expiredConnections: 1 })
  })
})
