import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { journalAt } from './journal-place.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cryptoflow-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('the journal that a path means', () => {
  it('is the directory itself or the raw/ inside, and a refusal where there is none', () => {
    const raw = join(folder, 'raw')
    expect(() => journalAt(folder)).toThrow('there is none')
    mkdirSync(raw)
    writeFileSync(join(raw, 'identity.json'), '{}')
    expect(journalAt(folder)).toBe(raw)
    expect(journalAt(raw)).toBe(raw)
  })
})
