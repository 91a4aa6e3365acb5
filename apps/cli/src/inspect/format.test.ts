import type { QueryResult } from '@cryptoflow/reader'
import { describe, expect, it } from 'vitest'
import { formatCsv, formatJson, formatTable } from './format.ts'

const result: QueryResult = {
  columns: [
    { name: 'symbol', type: 'VARCHAR' },
    { name: 'price', type: 'DECIMAL(38,18)' },
    { name: 'trades', type: 'BIGINT' },
    { name: 'note', type: 'VARCHAR' },
  ],
  rows: [
    ['BTCUSDT', '97000.120000000000000000', '1234', 'a "quoted", text'],
    ['测试USDT', '0.500000000000000000', '7', null],
  ],
  truncated: false,
}

describe('formatTable', () => {
  it('aligns names to the left and numbers to the right', () => {
    expect(formatTable(result, 80)).toBe(
      [
        'symbol                       price  trades  note',
        '--------  ------------------------  ------  ----------------',
        'BTCUSDT   97000.120000000000000000    1234  a "quoted", text',
        '测试USDT      0.500000000000000000       7  -',
        '2 rows',
      ].join('\n'),
    )
  })

  it('cuts the widest cells with an ellipsis until a line fits', () => {
    const lines = formatTable(result, 40).split('\n')
    expect(lines[2]).toBe('BTCUSDT   97000.120…    1234  a "quoted…')
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(40)
  })

  it('counts a wide character as two cells when it cuts', () => {
    const wide = {
      columns: [{ name: 'symbol', type: 'VARCHAR' }],
      rows: [['测试测试测试']],
      truncated: false,
    }
    expect(formatTable(wide, 8).split('\n')[2]).toBe('测试测…')
  })

  it('keeps every line within 80 cells, and shows rows as blocks when there are too many columns', () => {
    const columns = Array.from({ length: 30 }, (_, i) => ({ name: `column_${i}`, type: 'VARCHAR' }))
    const many = { columns, rows: [columns.map((_, i) => 'x'.repeat(i * 5))], truncated: true }
    const lines = formatTable(many, 80).split('\n')
    expect(lines[0]).toMatch(/^-- row 1 -+$/)
    expect(lines[3]).toBe('column_2   xxxxxxxxxx')
    expect(lines.at(-1)).toBe('1 row shown, there are more')
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(80)
  })

  it('shows the columns of an empty result', () => {
    expect(formatTable({ ...result, rows: [] }, 80)).toBe(
      'symbol  price  trades  note\n------  -----  ------  ----\n0 rows',
    )
  })
})

describe('formatCsv', () => {
  it('quotes what needs quotes and tells null from an empty text', () => {
    const text = formatCsv({ ...result, rows: [...result.rows, ['', '1', '2', 'line\nbreak']] })
    expect(text.split('\r\n')).toEqual([
      'symbol,price,trades,note',
      'BTCUSDT,97000.120000000000000000,1234,"a ""quoted"", text"',
      '测试USDT,0.500000000000000000,7,',
      '"",1,2,"line\nbreak"',
    ])
  })
})

describe('formatJson', () => {
  it('keeps numbers exact and column names harmless', () => {
    const columns = [
      { name: '__proto__', type: 'VARCHAR' },
      { name: 'n', type: 'INTEGER' },
    ]
    const text = formatJson({ columns, rows: [['9007199254740993', 7]], truncated: false })
    expect(text).toBe('[\n  {"__proto__": "9007199254740993", "n": 7}\n]')
    expect(formatJson({ columns, rows: [], truncated: false })).toBe('[]')
  })
})
