import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { SOURCES } from './reader-binary.ts'

describe('the compiled reader', () => {
  it('is of the sources that stand here; if not, `npm run wasm` makes it anew', () => {
    const directory = join(import.meta.dirname, '../assembly')
    const hash = createHash('sha256')
    for (const name of readdirSync(directory).sort()) hash.update(readFileSync(join(directory, name)))
    expect(SOURCES).toBe(hash.digest('hex'))
  })
})
