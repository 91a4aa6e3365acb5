import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { RecordKind } from '@cryptoflow/model'
import { CryptoFlowError, systemClock } from '@cryptoflow/runtime'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { verifyJournal } from './inspect.ts'
import { openJournal } from './opening.ts'
import { openJournalReader } from './reader.ts'
import { collect, failureOf } from './testing/journals.ts'

const index = new URL('./index.ts', import.meta.url).href
const runtime = import.meta.resolve('@cryptoflow/runtime')

/** Appends for ever, and says after each write which record is durable and what the last payload was. */
const writer = `
const { openJournal } = await import(process.argv[1])
const { systemClock } = await import(process.argv[2])
const clock = systemClock()
const journal = await openJournal({ directory: process.argv[3], clock, version: 'child', segmentBytes: 100000 })
console.log(journal.durableRecord)
for (;;) {
  for (let i = 0; i < 50; i++) {
    const number = journal.lastRecord + 1
    journal.append(1, 0, clock.nowUs(), new TextEncoder().encode(String(number).repeat(20)))
  }
  await journal.flush()
  console.log(journal.durableRecord)
}
`

let directory = ''
let child: ChildProcess | null = null

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'cryptoflow-journal-'))
})

afterEach(() => {
  child?.kill('SIGKILL')
  child = null
  rmSync(directory, { recursive: true, force: true })
})

function startWriter(): AsyncIterator<string> {
  const args = ['--input-type=module', '--eval', writer, '--', index, runtime, directory]
  child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  return createInterface({ input: child.stdout! })[Symbol.asyncIterator]()
}

const open = () => openJournal({ directory, clock: systemClock(), version: 'test' })

describe('a journal on the machine’s disk', () => {
  it('is refused to a second process and to a second holder in the same process', async () => {
    const lines = startWriter()
    await lines.next()
    const refused = await failureOf(open())
    expect(refused).toMatchObject({ kind: 'usage', reaction: 'stop', context: { directory } })
    expect(refused.message).toContain(directory)
    expect(refused).toBeInstanceOf(CryptoFlowError)
    const exit = once(child!, 'exit')
    child!.kill('SIGKILL')
    await exit
    const journal = await open()
    expect(await failureOf(open())).toMatchObject({ kind: 'usage', context: { directory } })
    // The refused attempt must not have dropped the lock of the one who holds it.
    expect(await failureOf(open())).toMatchObject({ kind: 'usage' })
    await journal.close()
    await (await open()).close()
  })

  it('holds everything that was called durable after its process was killed, three times over', async () => {
    let next = 1
    for (let round = 1; round <= 3; round++) {
      const lines = startWriter()
      let promised = 0
      for (let i = 0; i < 5 + 3 * round; i++) promised = Number((await lines.next()).value)
      const exit = once(child!, 'exit')
      child!.kill('SIGKILL')
      await exit
      const reader = await openJournalReader(directory)
      expect(reader.last).toBeGreaterThanOrEqual(promised)
      const records = await collect(reader.blocks(next))
      for (const record of records) {
        if (record.kind !== RecordKind.frame) continue
        expect(new TextDecoder().decode(record.payload)).toBe(String(record.number).repeat(20))
      }
      expect(records.map(({ number }) => number)).toEqual(records.map((_, i) => next + i))
      next = reader.last + 1
    }
    const journal = await open()
    expect(journal.recovered).toMatchObject({ lastRecord: next - 1, clean: false })
    expect(journal.lastRecord).toBe(next)
    await journal.close()
  })
})

describe('beside a writer at work', () => {
  it('a reader takes no lock, changes nothing, sees durable records only, and never finds damage', async () => {
    const lines = startWriter()
    for (let round = 0; round < 8; round++) {
      const durable = Number((await lines.next()).value)
      const reader = await openJournalReader(directory)
      expect([reader.isLive, reader.torn]).toEqual([true, null])
      // What was durable before the reader came and is proven by a later write; a write is 50 records.
      expect(reader.last).toBeGreaterThanOrEqual(durable - 50)
      const records = await collect(reader.blocks(Math.max(1, reader.last - 500)))
      expect(records.at(-1)?.number ?? 0).toBe(reader.last)
      expect((await verifyJournal(directory)).damage).toBe(null)
    }
    // It has not taken the writer's lock away by looking.
    expect((await failureOf(open())).kind).toBe('usage')
    child?.kill('SIGKILL')
    await once(child as ChildProcess, 'exit')
    expect((await openJournalReader(directory)).isLive).toBe(false)
  })

  it('in the same process a look at the lock does not free it', async () => {
    const journal = await open()
    expect((await openJournalReader(directory)).isLive).toBe(true)
    const probe = `const { openJournalReader } = await import(process.argv[1])
console.log((await openJournalReader(process.argv[2])).isLive)`
    const args = ['--input-type=module', '--eval', probe, '--', index, directory]
    child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    const { value } = await createInterface({ input: child.stdout! })[Symbol.asyncIterator]().next()
    expect(value).toBe('true')
    await journal.close()
  })
})
