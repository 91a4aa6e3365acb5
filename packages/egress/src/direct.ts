import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { isIP } from 'node:net'
import type { Dialer } from '@cryptoflow/model'

/** An unused connection is kept this long: exchanges close theirs after 5 s to a minute, and say so where it is less. */
const KEPT_MS = 30_000

/** Connections by node's own agents. */
export type DirectDialer = Dialer<HttpAgent>

/** Connections that go out from `localAddress`; null: from the address that the system chooses. */
export function directDialer(localAddress: string | null = null): DirectDialer {
  // A name may have addresses of both families; only those of ours can be reached from it.
  const bound = localAddress === null ? {} : { localAddress, family: isIP(localAddress) }
  const options = { keepAlive: true, timeout: KEPT_MS, ...bound }
  const plain = new HttpAgent(options)
  const secure = new HttpsAgent(options)
  return {
    localAddress,
    agentOf: (url) => (/^(https|wss):/.test(url) ? secure : plain),
    close() {
      plain.destroy()
      secure.destroy()
    },
  }
}
