import { type ControlEntry, type EpochRequest, type Ledger, tables } from '@cryptoflow/model'
import { CryptoFlowError } from '@cryptoflow/runtime'
import { describe, expect, it } from 'vitest'
import { requestHash } from './hash.ts'
import { memoryLedger } from './memory-ledger.ts'
import { restingClock, sealOf } from './testing/requests.ts'
import { replacesOf } from './void-rows.ts'
import { createEpochWriter, type EpochWriterOptions } from './writer.ts'

/** A control log in memory whose first `durable` appends work; the next is a crash. */
function logOf(entries: ControlEntry[], durable = Number.POSITIVE_INFINITY) {
  let appends = 0
  return {
    entries,
    append: async (entry: ControlEntry) => {
      if (++appends > durable) throw new Error('crash')
      entries.push(entry)
    },
  }
}

function open(entries: ControlEntry[], ledger = memoryLedger(), options: Partial<EpochWriterOptions> = {}) {
  const log = logOf(entries)
  return createEpochWriter({ log, ledger, clock: restingClock, writer: 'w', name: 'host', ...options })
}

const kindsOf = (entries: readonly ControlEntry[]): string[] =>
  entries.map(({ kind, epoch }) => `${kind} ${epoch}`)

async function lastNamedIn(ledger: Ledger, epoch: number): Promise<EpochRequest['lastNamed'] | null> {
  const item = await ledger.item('w', epoch)
  return item?.kind === 'request' ? item.request.lastNamed : null
}

describe('createEpochWriter', () => {
  it('seals, is accepted, and releases when every table of the epoch is done', async () => {
    const [entries, ledger] = [[] as ControlEntry[], memoryLedger()]
    const writer = open(entries, ledger)
    expect(await writer.resume()).toEqual({ lastSealed: null })
    await writer.submit(sealOf('w', 1, 'ticks', 'gaps'))
    expect(await ledger.writers()).toEqual([{ writer: 'w', name: 'host', state: 'open' }])
    await ledger.mark('w', 1, 'ticks', '5')
    expect(await writer.settle()).toEqual([])
    await ledger.mark('w', 1, 'gaps', '6')
    expect(await writer.settle()).toEqual([1])
    expect(kindsOf(entries)).toEqual(['seal 1', 'accepted 1', 'released 1'])
    expect(writer.state).toMatchObject({
      sealed: 0,
      accepted: 0,
      lastReleased: 1,
      backlogMs: 0,
      fenced: null,
    })
  })

  it('releases in order, never past an epoch that a table still lacks (R11)', async () => {
    const [entries, ledger] = [[] as ControlEntry[], memoryLedger()]
    const writer = open(entries, ledger)
    await writer.resume()
    for (const epoch of [1, 2, 3]) await writer.submit(sealOf('w', epoch, 'ticks'))
    await ledger.mark('w', 2, 'ticks', '5')
    await ledger.mark('w', 3, 'ticks', '5')
    expect(await writer.settle()).toEqual([])
    await ledger.mark('w', 1, 'ticks', '5')
    expect(await writer.settle()).toEqual([1, 2, 3])
  })

  it('releases an epoch without rows once its turn comes', async () => {
    const writer = open([])
    await writer.resume()
    await writer.submit(sealOf('w', 1))
    expect(await writer.settle()).toEqual([1])
  })

  it('after a crash anywhere sends the very same requests again, in order (R2)', async () => {
    for (let durable = 0; durable <= 6; durable++) {
      const [entries, ledger] = [[] as ControlEntry[], memoryLedger()]
      const first = open(entries, ledger, { log: logOf(entries, durable) })
      await first.resume()
      const run = async (): Promise<void> => {
        for (const epoch of [1, 2]) await first.submit(sealOf('w', epoch, 'ticks'))
        for (const epoch of [1, 2]) await ledger.mark('w', epoch, 'ticks', '5')
        await first.settle()
      }
      if (durable < 6) await expect(run()).rejects.toThrow('crash')
      else await run()
      const second = open(entries, ledger)
      const { lastSealed } = await second.resume()
      expect(lastSealed?.epoch ?? 0).toBe(entries.filter(({ kind }) => kind === 'seal').length)
      for (let epoch = (lastSealed?.epoch ?? 0) + 1; epoch <= 2; epoch++) {
        await second.submit(sealOf('w', epoch, 'ticks', 'gaps'))
      }
      await second.settle()
      for (const epoch of [1, 2]) {
        for (const table of ['ticks', 'gaps'] as const) await ledger.mark('w', epoch, table, '5')
        const seal = entries.find((entry) => entry.kind === 'seal' && entry.epoch === epoch)
        expect(await ledger.item('w', epoch)).toMatchObject({ hash: (seal as { hash: string }).hash })
      }
      await second.settle()
      expect(second.state).toMatchObject({ sealed: 0, accepted: 0, lastReleased: 2 })
    }
  })

  it('ends at a failed append: nothing is trusted after it (K4)', async () => {
    const entries: ControlEntry[] = []
    const writer = open(entries, memoryLedger(), { log: logOf(entries, 0) })
    await writer.resume()
    await expect(writer.submit(sealOf('w', 1))).rejects.toThrow('crash')
    await expect(writer.settle()).rejects.toThrow('crash')
    expect(entries).toEqual([])
  })

  it('may seal, accept and release again what the disk had no room for: it never was (K8)', async () => {
    const [entries, ledger] = [[] as ControlEntry[], memoryLedger()]
    let isFull = true
    const log = {
      entries,
      async append(entry: ControlEntry) {
        if (isFull) throw new CryptoFlowError('full', { kind: 'disk', reaction: 'retry' })
        entries.push(entry)
        isFull = true
      },
    }
    const writer = open(entries, ledger, { log })
    await writer.resume()
    await expect(writer.submit(sealOf('w', 1, 'ticks'))).rejects.toThrow('full')
    expect(writer.state).toMatchObject({ sealed: 0, lastSealed: null })
    isFull = false
    await writer.submit(sealOf('w', 1, 'ticks'))
    expect(kindsOf(entries)).toEqual(['seal 1'])
    for (const kind of ['accepted', 'released']) {
      expect(await writer.settle()).toEqual([])
      expect(writer.state.trouble).toBe('full')
      isFull = false
      await ledger.mark('w', 1, 'ticks', '5')
      await writer.settle()
      expect(kindsOf(entries)).toContain(`${kind} 1`)
    }
    expect(writer.state).toMatchObject({ sealed: 0, accepted: 0, lastReleased: 1 })
  })

  it('goes on sealing while the ledger is away, up to its bound, and catches up in order', async () => {
    const [entries, ledger] = [[] as ControlEntry[], memoryLedger()]
    const writer = open(entries, ledger, { sealedMax: 2, acceptedMax: 3 })
    await writer.resume()
    ledger.fault = () => 'error'
    await writer.submit(sealOf('w', 1))
    expect(writer.state).toMatchObject({ sealed: 1, canSeal: true, backlogMs: 59_000 })
    expect(writer.state.trouble).toContain('simulated ledger')
    await writer.submit(sealOf('w', 2, 'ticks'))
    expect(writer.state.canSeal).toBe(false)
    await expect(writer.submit(sealOf('w', 3))).rejects.toThrow('bug')
    ledger.fault = () => 'none'
    expect(await writer.settle()).toEqual([1])
    expect(writer.state).toMatchObject({ sealed: 0, accepted: 1, canSeal: true, trouble: null })
    for (const epoch of [3, 4]) await writer.submit(sealOf('w', epoch))
    expect(writer.state).toMatchObject({ accepted: 3, canSeal: false })
  })

  it('takes a put that was applied and reported failed for its own', async () => {
    const [entries, ledger] = [[] as ControlEntry[], memoryLedger()]
    const writer = open(entries, ledger)
    await writer.resume()
    ledger.fault = (write) => (write === 'put' ? 'applied-but-error' : 'none')
    await writer.submit(sealOf('w', 1, 'ticks'))
    expect(kindsOf(entries)).toEqual(['seal 1'])
    ledger.fault = () => 'none'
    await writer.settle()
    expect(kindsOf(entries)).toEqual(['seal 1', 'accepted 1'])
  })

  it('puts a lost item again, also behind one that waits', async () => {
    const [entries, ledger] = [[] as ControlEntry[], memoryLedger()]
    const writer = open(entries, ledger)
    await writer.resume()
    for (const epoch of [1, 2, 3]) await writer.submit(sealOf('w', epoch, 'ticks'))
    ledger.lose('w', 2)
    expect(await writer.settle()).toEqual([])
    expect(await ledger.consecutive('w', 1, 9)).toHaveLength(3)
    ledger.lose('w', 1)
    await writer.settle()
    expect(await ledger.consecutive('w', 1, 9)).toHaveLength(3)
  })

  it('is in the registry again when the ledger comes back empty, and puts all that is not released (T4)', async () => {
    const [entries, ledger] = [[] as ControlEntry[], memoryLedger()]
    const nothing = ledger.copy()
    const writer = open(entries, ledger)
    await writer.resume()
    for (const epoch of [1, 2]) await writer.submit(sealOf('w', epoch, 'ticks'))
    ledger.restore(nothing)
    expect(await writer.settle()).toEqual([])
    expect(await ledger.writers()).toEqual([{ writer: 'w', name: 'host', state: 'open' }])
    expect(await ledger.consecutive('w', 1, 9)).toHaveLength(2)
  })

  it('is in the registry again at its next put, when the ledger that came back empty held nothing of it', async () => {
    const [entries, ledger] = [[] as ControlEntry[], memoryLedger()]
    const nothing = ledger.copy()
    const writer = open(entries, ledger)
    await writer.resume()
    await writer.submit(sealOf('w', 1, 'ticks'))
    await ledger.mark('w', 1, 'ticks', '5')
    expect(await writer.settle()).toEqual([1])
    ledger.restore(nothing)
    await writer.submit(sealOf('w', 2, 'ticks'))
    expect(await ledger.writers()).toEqual([{ writer: 'w', name: 'host', state: 'open' }])
  })

  it('says in each request which epoch named a table last, also after a restart', async () => {
    const [entries, ledger] = [[] as ControlEntry[], memoryLedger()]
    const writer = open(entries, ledger)
    await writer.resume()
    await writer.submit(sealOf('w', 1, 'ticks'))
    await writer.submit(sealOf('w', 2, 'gaps'))
    const again = open(entries.slice(-2), ledger)
    await again.resume()
    await again.submit(sealOf('w', 3))
    await again.submit(sealOf('w', 4, 'gaps'))
    const told = entries.flatMap((entry) => (entry.kind === 'seal' ? [entry.request.lastNamed] : []))
    expect(told).toEqual([{}, { ticks: 1 }])
    expect(await lastNamedIn(ledger, 3)).toEqual({ ticks: 1, gaps: 2 })
    expect(await lastNamedIn(ledger, 4)).toEqual({ ticks: 1, gaps: 2 })
  })

  it('holds every table for named by a request of a version that did not tell', async () => {
    const [entries, ledger] = [[] as ControlEntry[], memoryLedger()]
    const { request, image } = sealOf('w', 1, 'ticks')
    const { from, to } = request
    entries.push({ kind: 'seal', epoch: 1, from, to, request, hash: requestHash(request), image })
    const writer = open(entries, ledger)
    await writer.resume()
    await writer.submit(sealOf('w', 2, 'ticks'))
    await writer.submit(sealOf('w', 3, 'ticks'))
    expect(await lastNamedIn(ledger, 2)).toEqual(
      Object.fromEntries(Object.keys(tables).map((table) => [table, 1])),
    )
    expect(await lastNamedIn(ledger, 3)).toMatchObject({ ticks: 2, gaps: 1 })
  })

  it('is fenced by another request in its slot, never overwrites it, never releases it (R12)', async () => {
    const [entries, ledger] = [[] as ControlEntry[], memoryLedger()]
    const writer = open(entries, ledger)
    await writer.resume()
    await writer.submit(sealOf('w', 1, 'ticks'))
    await ledger.put({ ...sealOf('w', 2, 'ticks').request, to: 15 }, 'another')
    await writer.submit(sealOf('w', 2, 'ticks'))
    for (const epoch of [1, 2]) await ledger.mark('w', epoch, 'ticks', '5')
    expect(await writer.settle()).toEqual([1])
    expect(writer.state).toMatchObject({
      canSeal: false,
      fenced: { epoch: 2, settled: true },
      lastSealed: { epoch: 1, to: 10, image: 'image-1' },
    })
    expect(await ledger.item('w', 2)).toMatchObject({ hash: 'another' })
    const again = open(entries, ledger)
    expect(await again.resume()).toEqual({ lastSealed: { epoch: 1, to: 10, image: 'image-1' } })
    expect(again.state.fenced).toMatchObject({ epoch: 2 })
    expect(await again.settle()).toEqual([])
  })

  it('is fenced by the end of its id, and knows where a new id begins only when all before is accepted', async () => {
    const [entries, ledger] = [[] as ControlEntry[], memoryLedger()]
    const writer = open(entries, ledger)
    await writer.resume()
    ledger.fault = () => 'error'
    for (const epoch of [1, 2]) await writer.submit(sealOf('w', epoch, 'ticks'))
    ledger.fault = () => 'none'
    await ledger.end('w', 3)
    const again = open(entries, ledger)
    await again.resume()
    expect(again.state.fenced).toMatchObject({ epoch: 3, settled: false })
    await again.settle()
    expect(again.state).toMatchObject({ fenced: { epoch: 3, settled: true }, lastSealed: { epoch: 2 } })
  })

  it('finds at its start that a copy of it went on (K15)', async () => {
    const [entries, ledger] = [[] as ControlEntry[], memoryLedger()]
    const original = open(entries, ledger)
    await original.resume()
    await original.submit(sealOf('w', 1))
    const copied = [...entries]
    await original.submit(sealOf('w', 2))
    const copy = open(copied, ledger)
    await copy.resume()
    expect(copy.state.fenced).toMatchObject({ epoch: 2, settled: true })
    expect(copied.at(-1)).toMatchObject({ kind: 'fenced', reason: expect.stringContaining('never sealed') })
  })

  it('stops over another item in an accepted slot: the ledger is damaged, nothing is cut again', async () => {
    const [entries, ledger] = [[] as ControlEntry[], memoryLedger()]
    const writer = open(entries, ledger)
    await writer.resume()
    await writer.submit(sealOf('w', 1, 'ticks'))
    ledger.lose('w', 1)
    await ledger.put(sealOf('w', 1, 'gaps').request, 'another')
    await ledger.mark('w', 1, 'gaps', '5')
    await expect(writer.settle()).rejects.toMatchObject({ reaction: 'stop' })
    expect(kindsOf(entries)).toEqual(['seal 1', 'accepted 1'])
  })

  it('knows what came to nothing, until a later epoch brings it that is not void itself (R16)', async () => {
    const [entries, ledger] = [[] as ControlEntry[], memoryLedger()]
    const writer = open(entries, ledger)
    await writer.resume()
    for (const epoch of [1, 2]) await writer.submit(sealOf('w', epoch, 'ticks', 'gaps'))
    await ledger.markVoid('w', 1, 'ticks')
    expect(await writer.settle()).toEqual([])
    const first = { table: 'ticks', epoch: 1, from: 1, to: 10 }
    expect(writer.state.voids).toEqual([first])
    const { request, image } = sealOf('w', 3, 'ticks')
    expect(replacesOf(writer.state.voids)).toEqual({ ticks: [1] })
    await writer.submit({ request: { ...request, replaces: { ticks: [1] } }, image })
    expect(writer.state.voids).toEqual([])
    await ledger.markVoid('w', 3, 'ticks')
    await writer.settle()
    const third = { table: 'ticks', epoch: 3, from: 21, to: 30 }
    expect(writer.state.voids).toEqual([first, third])
    // A restart finds the same, and nothing is released before the rows are in the table.
    const again = open(entries, ledger)
    await again.resume()
    expect(await again.settle()).toEqual([])
    expect(again.state.voids).toEqual([first, third])
    const seal = sealOf('w', 4, 'ticks')
    await again.submit({ ...seal, request: { ...seal.request, replaces: { ticks: [1, 3] } } })
    for (const epoch of [1, 2, 3, 4]) await ledger.mark('w', epoch, 'ticks', '5')
    for (const epoch of [1, 2]) await ledger.mark('w', epoch, 'gaps', '5')
    expect(await again.settle()).toEqual([1, 2, 3, 4])
    expect(again.state.voids).toEqual([])
  })

  it('lets an error of the ledger that will not pass through', async () => {
    const ledger = memoryLedger()
    const writer = open([], ledger)
    await writer.resume()
    ledger.fault = () => {
      throw new CryptoFlowError('disk gone', { kind: 'ledger', reaction: 'stop' })
    }
    await expect(writer.submit(sealOf('w', 1))).rejects.toThrow('disk gone')
  })

  it('takes epochs that are not dense, ranges that do not join and foreign requests for bugs', async () => {
    const writer = open([])
    await writer.resume()
    await expect(writer.submit(sealOf('w', 2))).rejects.toThrow('dense')
    await expect(writer.submit(sealOf('other', 1))).rejects.toThrow('names the writer')
    await writer.submit(sealOf('w', 1))
    const { request, image } = sealOf('w', 2)
    await expect(writer.submit({ request: { ...request, from: 12 }, image })).rejects.toThrow('begins where')
  })

  it('answers calls that meet one after the other', async () => {
    const entries: ControlEntry[] = []
    const writer = open(entries)
    const calls = [
      writer.resume(),
      writer.submit(sealOf('w', 1)),
      writer.settle(),
      writer.submit(sealOf('w', 2)),
    ]
    await Promise.all(calls)
    expect(kindsOf(entries)).toEqual(['seal 1', 'accepted 1', 'released 1', 'seal 2', 'accepted 2'])
  })
})
