interface Usage {
  readonly heapUsed: number
  readonly external: number
}

/** One conversation with the inspector of a thread. */
type Ask = (method: string, params?: object) => Promise<unknown>

const USAGE = { expression: 'JSON.stringify(process.memoryUsage())' }

/**
 * Memory that a process still needs when its garbage is collected, MB of a million bytes: objects, array buffers and
 * WebAssembly memory of all its threads. Asks a process that was started with `--inspect` by its address, and rejects
 * when nobody answers there.
 */
export async function liveMb(inspector: string): Promise<number> {
  const socket = new WebSocket(inspector)
  await new Promise<void>((resolve, reject) => {
    socket.onopen = () => resolve()
    socket.onerror = () => reject(new Error(`nobody answers at ${inspector}`))
  })
  try {
    const { ask, threads } = converse(socket)
    await ask('NodeWorker.enable', { waitForDebuggerOnStart: false })
    // Threads are told one by one behind the answer; the answer to a question behind them comes behind them all.
    await ask('Runtime.enable')
    const usages = await Promise.all([ask, ...threads()].map(usageOf))
    return usages.reduce((sum, { heapUsed, external }) => sum + heapUsed + external, 0) / 1e6
  } finally {
    socket.close()
  }
}

async function usageOf(ask: Ask): Promise<Usage> {
  await ask('HeapProfiler.collectGarbage')
  const { result } = (await ask('Runtime.evaluate', USAGE)) as { result: { value: string } }
  return JSON.parse(result.value) as Usage
}

/** The main thread's conversation, and one inside it for each other thread that has said hello. */
function converse(socket: WebSocket): { readonly ask: Ask; readonly threads: () => Ask[] } {
  const waiting = new Map<string, (result: unknown) => void>()
  const sessions: string[] = []
  let asked = 0
  const heard = (session: string, text: string): void => {
    const { id, result, method, params } = JSON.parse(text)
    if (id !== undefined) waiting.get(`${session} ${id}`)?.(result)
    else if (method === 'NodeWorker.attachedToWorker') sessions.push(params.sessionId)
    else if (method === 'NodeWorker.receivedMessageFromWorker') heard(params.sessionId, params.message)
  }
  socket.onmessage = ({ data }) => heard('', String(data))
  const ask: Ask = (method, params = {}) => {
    asked += 1
    socket.send(JSON.stringify({ id: asked, method, params }))
    return new Promise((resolve) => waiting.set(` ${asked}`, resolve))
  }
  const askThread =
    (sessionId: string): Ask =>
    (method, params = {}) => {
      asked += 1
      const message = JSON.stringify({ id: asked, method, params })
      const answer = new Promise((resolve) => waiting.set(`${sessionId} ${asked}`, resolve))
      void ask('NodeWorker.sendMessageToWorker', { sessionId, message })
      return answer
    }
  return { ask, threads: () => sessions.map(askThread) }
}
