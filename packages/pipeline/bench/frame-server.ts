// A server that sends small frames at a steady rate to whoever subscribes, in a process of its own: what it costs is
// not the receiver's. Arguments: frames per second, frames in all. Its first line of stdout is its port.
import type { AddressInfo } from 'node:net'
import { WebSocketServer } from 'ws'

const TICK_MS = 5
const [rate = 0, total = 0] = process.argv.slice(2).map(Number)
const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false })

server.on('connection', (socket) => {
  // The first message is the subscription; it is acknowledged, and that is the beginning.
  socket.once('message', (data) => {
    const { id } = JSON.parse(String(data)) as { id: number }
    socket.send(JSON.stringify({ result: null, id }))
    let sent = 0
    const beganMs = performance.now()
    const timer = setInterval(() => {
      const due = Math.min(total, Math.floor(((performance.now() - beganMs) / 1000) * rate))
      for (; sent < due; sent++) socket.send(quote(sent))
      if (sent >= total) clearInterval(timer)
    }, TICK_MS)
    socket.on('close', () => clearInterval(timer))
  })
})
server.on('listening', () => console.log((server.address() as AddressInfo).port))

/** A best bid and offer as the smallest frames of an exchange are. */
function quote(n: number): string {
  const bid = `${60_000 + (n % 997)}.${10 + (n % 89)}000000`
  return `{"u":${400_900_000_000 + n},"s":"BTCUSDT","b":"${bid}","B":"31.2${n % 10}000000","a":"${bid}","A":"40.6${n % 10}000000"}`
}
