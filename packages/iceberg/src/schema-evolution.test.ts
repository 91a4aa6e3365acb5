import { describe, expect, it } from 'vitest'
import { prepareAppend } from './append.ts'
import { boundBytes, boundValue } from './bounds.ts'
import { parseMetadata, serializeMetadata } from './metadata.ts'
import { liveDataFiles } from './readers.ts'
import { evolveSchema, type SchemaChange } from './schema-evolution.ts'
import { currentSchema } from './snapshots.ts'
import { committed, contextOf, dataFile, memoryIO, newTable } from './test-support.ts'
import type { LoadedTable, PrimitiveType, TableMetadata } from './types.ts'

describe('changing a schema', () => {
  it('gives a new column an id that no column ever had', () => {
    let table = evolved(newTable(), { change: 'add', name: 'venue', type: 'string', doc: 'where' })
    expect(currentSchema(table.metadata).fields.at(-1)).toEqual({
      id: 5,
      name: 'venue',
      required: false,
      type: 'string',
      rest: { doc: 'where' },
    })
    table = evolved(table, { change: 'drop', name: 'venue' })
    table = evolved(table, { change: 'add', name: 'venue', type: 'string' })
    expect(columns(table)).toContain('6 venue string')
    expect(table.metadata.lastColumnId).toBe(6)
  })

  it('keeps ids through renames, moves and wider types, and old schemas beside the new', () => {
    const table = evolved(
      newTable(),
      { change: 'rename', name: 'trade_id', to: 'id' },
      { change: 'move', name: 'id', after: null },
      { change: 'move', name: 'price', after: 'id' },
    )
    expect(columns(table)).toEqual([
      '4 id long',
      '3 price decimal(38,18)!',
      '1 exchange string!',
      '2 event_ts timestamptz!',
    ])
    expect(table.metadata.schemas.map(({ schemaId }) => schemaId)).toEqual([0, 1])
    expect(table.metadata.currentSchemaId).toBe(1)
  })

  it('sees columns as the steps before have left them', () => {
    const table = evolved(
      newTable(),
      { change: 'rename', name: 'trade_id', to: 'old_id' },
      { change: 'add', name: 'trade_id', type: 'string' },
      { change: 'move', name: 'trade_id', after: 'old_id' },
    )
    expect(columns(table).slice(-2)).toEqual(['4 old_id long', '5 trade_id string'])
  })

  it('makes a column optional', () => {
    expect(columns(evolved(newTable(), { change: 'make-optional', name: 'price' }))[2]).toBe(
      '3 price decimal(38,18)',
    )
  })

  it.each<[PrimitiveType, PrimitiveType, boolean]>([
    ['int', 'long', true],
    ['float', 'double', true],
    ['decimal(9,2)', 'decimal(18,2)', true],
    ['decimal(9,2)', 'decimal(18,3)', false],
    ['decimal(18,2)', 'decimal(9,2)', false],
    ['decimal(9,2)', 'decimal(39,2)', false],
    ['long', 'int', false],
    ['int', 'double', false],
    ['date', 'timestamp', false],
    ['string', 'binary', false],
  ])('widens %s to %s: %s', (from, type, isAllowed) => {
    const table = evolved(newTable(), { change: 'add', name: 'x', type: from })
    const widen = () => columns(evolved(table, { change: 'widen', name: 'x', type })).at(-1)
    if (isAllowed) expect(widen()).toBe(`5 x ${type}`)
    else expect(widen).toThrow('does not hold all its values')
  })

  it('reads the bounds that files had before their column was widened', async () => {
    const io = memoryIO()
    const wide = evolved(newTable(), { change: 'add', name: 'n', type: 'int' })
    const file = { ...dataFile(1), lowerBounds: new Map([[5, boundBytes('int', -7)]]) }
    const options = { snapshotId: 5n, summary: {}, attempt: 1 }
    const table = committed(wide, await prepareAppend(contextOf(io), wide, [file], options))
    const after = evolved(table, { change: 'widen', name: 'n', type: 'long' })
    const [live] = await liveDataFiles(io, after.metadata)
    expect(boundValue('long', live!.lowerBounds.get(5)!)).toBe(-7n)
  })

  it.each<[string, SchemaChange]>([
    ['a name that is taken', { change: 'add', name: 'price', type: 'int' }],
    ['a name of a partition field', { change: 'rename', name: 'price', to: 'event_ts_hour' }],
    ['an empty name', { change: 'rename', name: 'price', to: '' }],
    ['a column that is not there', { change: 'drop', name: 'nothing' }],
    ['a column that files are partitioned by', { change: 'drop', name: 'exchange' }],
    ['a column that files are sorted by', { change: 'drop', name: 'event_ts' }],
    ['a place behind itself', { change: 'move', name: 'price', after: 'price' }],
  ])('refuses %s', (_what, change) => {
    expect(() => evolved(newTable(), change)).toThrow(/changing|naming/)
  })

  it('refuses to drop or loosen what identifies a row', () => {
    const table = newTable()
    const schema = { ...currentSchema(table.metadata), rest: { 'identifier-field-ids': [3] } }
    const metadata: TableMetadata = { ...table.metadata, schemas: [schema] }
    for (const change of ['drop', 'make-optional'] as const) {
      expect(() => evolved({ ...table, metadata }, { change, name: 'price' })).toThrow(
        'identifier of the rows',
      )
    }
  })

  it('leaves nested columns of other engines whole, and counts the ids inside them', () => {
    const json = serializeMetadata(newTable().metadata).replace(
      '{"id":4,',
      `{"id":5,"name":"levels","required":false,"type":{"type":"list","element-id":6,"element":{"type":"struct",
       "fields":[{"id":7,"name":"p","required":true,"type":"long"}]},"element-required":true}},{"id":4,`,
    )
    const base = { ...newTable(), metadata: { ...parseMetadata(json), lastColumnId: 7 } }
    const table = evolved(
      base,
      { change: 'rename', name: 'levels', to: 'book' },
      { change: 'move', name: 'book', after: null },
      { change: 'add', name: 'x', type: 'int' },
    )
    const [, after] = parseMetadata(serializeMetadata(table.metadata)).schemas
    const [first] = (after!.rest!.fields as { id: number; name: string; type: object }[]) ?? []
    expect(first).toMatchObject({ id: 5, name: 'book', type: { element: { fields: [{ id: 7 }] } } })
    expect(after!.fields.at(-1)).toMatchObject({ id: 8, name: 'x' })
  })

  it('asks for nothing when nothing changes', () => {
    expect(evolveSchema(newTable().metadata, []).updates).toEqual([])
    expect(
      evolveSchema(newTable().metadata, [{ change: 'move', name: 'exchange', after: null }]).updates,
    ).toEqual([])
  })

  it('goes back to an earlier schema without a new one', () => {
    const there = evolved(newTable(), { change: 'rename', name: 'price', to: 'p' })
    const back = evolved(there, { change: 'rename', name: 'p', to: 'price' })
    expect(back.metadata.currentSchemaId).toBe(0)
    expect(back.metadata.schemas).toHaveLength(2)
  })

  it('conflicts with any other change of the columns', () => {
    const first = evolveSchema(newTable().metadata, [{ change: 'add', name: 'a', type: 'int' }])
    const second = evolveSchema(newTable().metadata, [{ change: 'add', name: 'b', type: 'int' }])
    expect(() => committed(committed(newTable(), first), second)).toThrow('conflict')
  })
})

function evolved(table: LoadedTable, ...changes: SchemaChange[]): LoadedTable {
  return committed(table, evolveSchema(table.metadata, changes))
}

function columns({ metadata }: LoadedTable): string[] {
  return currentSchema(metadata).fields.map(
    ({ id, name, type, required }) => `${id} ${name} ${type}${required ? '!' : ''}`,
  )
}
