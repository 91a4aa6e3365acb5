import { describe, expect, it } from 'vitest'
import { StringTable } from './strings.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

describe('StringTable', () => {
  it('gives one id per name and the name back', () => {
    const table = new StringTable()
    const names = ['BTCUSDT', '__proto__', 'constructor', '测试USDT', '', 'btcusdt']
    const ids = names.map((name) => table.idOf(name))
    expect(new Set(ids).size).toBe(names.length)
    expect(names.map((name) => table.idOf(name))).toEqual(ids)
    expect(ids.map((id) => table.text(id))).toEqual(names)
  })

  it('finds names inside wire bytes without a string', () => {
    const table = new StringTable()
    const id = table.idOf('ETHUSDT')
    const frame = bytes('{"s":"ETHUSDT"}')
    expect(table.idOfBytes(frame, 6, 13)).toBe(id)
    expect(table.idOfBytes(frame, 6, 12)).not.toBe(id)
  })

  it('keeps its names when it grows', () => {
    const table = new StringTable()
    const ids = Array.from({ length: 5000 }, (_, i) => table.idOf(`S${i}`))
    expect(ids.every((id, i) => table.text(id) === `S${i}` && table.idOf(`S${i}`) === id)).toBe(true)
  })

  it('refuses bytes that are not UTF-8', () => {
    expect(new StringTable().idOfBytes(new Uint8Array([0xff, 0xfe]), 0, 2)).toBe(-1)
  })
})
