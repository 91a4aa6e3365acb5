import { manualClock } from '@cryptoflow/runtime'
import { describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { limit, testMarket } from './ingest-support.ts'
import { pacedSender, paceMs } from './sender.ts'

function world(everyMs = 100) {
  const clock = manualClock()
  const startUs = clock.nowUs()
  const said: string[] = []
  const say = (text: string) => said.push(`${(clock.nowUs() - startUs) / 1000} ${text}`)
  const socket = {
    readyState: WebSocket.OPEN as WebSocket['readyState'],
    send: say as WebSocket['send'],
    ping: () => void say('(ping)'),
  }
  const sender = pacedSender(socket, everyMs, (ms, callback) => void clock.after(ms, callback))
  return { clock, said, socket, sender }
}

describe('what we say on a connection', () => {
  it('goes out at once, then one by one at our share of the exchange’s rate', () => {
    const market = testMarket('ws://x', 'http://x', { messagesPerSecondMax: limit(5) })
    const { clock, said, sender } = world(paceMs(market))
    for (const text of ['a', 'b', 'c']) sender.send(text)
    clock.advance(10_000)
    sender.send('d')
    expect(said).toEqual(['0 a', '500 b', '1000 c', '10000 d'])
  })

  it('is told when it goes out, not when it is put in line', () => {
    const { clock, sender } = world()
    const sent: string[] = []
    sender.send('a', () => sent.push('a'))
    sender.send('b', () => sent.push('b'))
    expect(sent).toEqual(['a'])
    clock.advance(100)
    expect(sent).toEqual(['a', 'b'])
  })

  it('lets a ping pass what waits, within the same rate, and never two of them', () => {
    const { clock, said, sender } = world()
    for (const text of ['a', 'b', 'c']) sender.send(text)
    for (let i = 0; i < 5; i++) sender.ping('ping')
    clock.advance(200)
    sender.ping(null)
    clock.advance(1_000)
    expect(said).toEqual(['0 a', '100 ping', '200 b', '300 (ping)', '400 c'])
  })

  it('stays unsaid when the socket is not open any more', () => {
    const { clock, said, socket, sender } = world()
    sender.send('a')
    sender.send('b')
    socket.readyState = WebSocket.CLOSING
    sender.ping(null)
    clock.advance(1_000)
    expect(said).toEqual(['0 a'])
  })
})
