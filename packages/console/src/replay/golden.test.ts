import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { type Contents, differences } from './contents.ts'
import { readGolden, writeGolden } from './golden.ts'

const folder = mkdtempSync(join(tmpdir(), 'cryptoflow-golden-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const path = join(folder, 'golden.json')
const contents: Contents = {
  ticks: { rows: 2, content_hash: '2-aa' },
  gaps: { rows: 1, content_hash: '1-bb' },
}

describe('a golden file', () => {
  it('reads back as it was written', () => {
    writeGolden(path, contents)
    expect(readGolden(path)).toEqual(contents)
  })

  it.each(['', '[]', '{}', '{"tables":[]}', '{"tables":{"ticks":{"rows":1}}}'])('is not %j', (text) => {
    writeFileSync(path, text)
    expect(() => readGolden(path)).toThrow('it is no golden file')
  })

  it('is asked for where there is none', () => {
    expect(() => readGolden(join(folder, 'none.json'))).toThrow('there is none')
  })
})

describe('what tables hold', () => {
  it('differs by table: other rows, none, too many', () => {
    const found = { ticks: { rows: 2, content_hash: '2-ab' }, bbo: { rows: 1, content_hash: '1-cc' } }
    expect(differences(contents, contents)).toEqual([])
    expect(differences(contents, found)).toEqual([
      { table: 'bbo', expected: null, found: found.bbo },
      { table: 'gaps', expected: contents.gaps, found: null },
      { table: 'ticks', expected: contents.ticks, found: found.ticks },
    ])
  })
})
