import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { hashes, inFolder, jsonOf, run, runJson, start, type Tables } from './support.ts'

interface Demo {
  readonly tables: Tables
  readonly emitted: number
  readonly stored: number
  readonly in_gaps: number
  readonly dead_letters: number
  readonly unanswered: number
  readonly undetectable: number
  readonly lost: number
  readonly doubled: number
  readonly gaps_injected: number
  readonly gaps_recorded: number
  readonly warehouse: string
}

describe('the demo', () => {
  it('stores every emitted message once, and its journal replays to the same tables, twice', async () => {
    const demo = jsonOf<Demo>(await start('demo', '--seconds', '6', '--seed', '3', '--json').ended)
    expect(demo).toMatchObject({ ok: true, lost: 0, doubled: 0 })
    // Holes are compared by their borders; one hole of a book without numbers may hold several of the exchange's.
    expect(demo.gaps_recorded).toBeGreaterThan(2)
    expect(demo.gaps_injected).toBeGreaterThan(2)
    expect(demo.dead_letters).toBeGreaterThan(0)
    const { stored, in_gaps, dead_letters, unanswered, undetectable } = demo
    expect(demo.emitted).toBe(stored + in_gaps + dead_letters + unanswered + undetectable)
    for (const sealRows of ['1777', '500000']) {
      await inFolder(async (folder) => {
        const replayed = await runJson<{ tables: Tables }>(
          'replay',
          '--input',
          join(demo.warehouse, 'raw'),
          '--warehouse',
          folder,
          '--seal-rows',
          sealRows,
          '--json',
        )
        expect(hashes(replayed.tables)).toEqual(hashes(demo.tables))
      })
    }
  })

  it('adds nothing when the same journal is replayed again into the same warehouse', async () => {
    await inFolder(async (folder) => {
      const input = join(import.meta.dirname, '..', '.cryptoflow', 'demo', 'warehouse', 'raw')
      const replay = ['replay', '--input', input, '--warehouse', folder, '--json']
      const first = await runJson<{ tables: Tables }>(...replay)
      const second = await runJson<{ tables: Tables }>(...replay)
      expect(second.tables).toEqual(first.tables)
    })
  })

  it('refuses to replay a journal into the warehouse it was collected into, and changes nothing there', async () => {
    const warehouse = join(import.meta.dirname, '..', '.cryptoflow', 'demo', 'warehouse')
    const before = await runJson('tables', '--warehouse', warehouse, '--json')
    const replay = ['replay', '--input', join(warehouse, 'raw'), '--warehouse', warehouse]
    // A refusal leaves nothing locked, and no file open.
    for (let i = 0; i < 2; i++) {
      const { code, stderr } = await run(...replay)
      expect(code).toBe(1)
      expect(stderr).toContain('Nothing was overwritten')
    }
    expect(await runJson('tables', '--warehouse', warehouse, '--json')).toEqual(before)
  })

  it('prints a summary within 80 columns whose queries work', async () => {
    const { code, stdout, stderr } = await start('demo', '--seconds', '3').ended
    expect(code, stderr).toBe(0)
    expect(stdout).toContain('nothing lost, nothing doubled')
    const queries = [...stdout.matchAll(/cryptoflow query "(.+)"$/gm)].map(([, sql = '']) => sql)
    expect(queries).toHaveLength(3)
    const lines = stdout.split('\n')
    for (const sql of queries) {
      const answer = await run('query', sql)
      expect(answer.code, answer.stderr).toBe(0)
      expect(answer.stdout.trim().split('\n').length, sql).toBeGreaterThan(2)
      lines.push(...answer.stdout.split('\n'))
    }
    expect(lines.filter((line) => line.length > 80)).toEqual([])
  })
})
