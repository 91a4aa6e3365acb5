import { newTableMetadata, type TableMetadata } from '@cryptoflow/iceberg'
import { tables } from '@cryptoflow/model'
import { describe, expect, it } from 'vitest'
import { misfit, tableDefinition, unresolvable } from './definition.ts'
import { offer } from './testing/requests.ts'

const made = newTableMetadata(tableDefinition(tables.spot_delta), { uuid: 'u', location: 'l', nowMs: 1 })

describe('tableDefinition', () => {
  it('gives every column its contract’s id, its Iceberg type and its nullability', () => {
    const { schema } = tableDefinition(tables.spot_delta)
    const byName = new Map(schema.fields.map((field) => [field.name, field]))
    expect(schema.fields).toHaveLength(Object.keys(tables.spot_delta.columns).length)
    expect(byName.get('event_ts')).toEqual({ id: 5, name: 'event_ts', required: true, type: 'timestamptz' })
    expect(byName.get('instrument')).toEqual({ id: 4, name: 'instrument', required: false, type: 'string' })
    expect(byName.get('price')?.type).toBe('decimal(38,18)')
    expect(byName.get('price_scale')?.type).toBe('int')
    expect(byName.get('frame')?.type).toBe('long')
    expect(byName.get('is_snapshot')?.type).toBe('boolean')
    expect(tableDefinition(tables.dead_letter).schema.fields.find(({ name }) => name === 'raw')?.type).toBe(
      'binary',
    )
  })

  it('partitions by hour or day of event_ts, then by exchange where the contract says so', () => {
    expect(tableDefinition(tables.spot_delta).partitionSpec.fields).toEqual([
      { sourceId: 5, fieldId: 1000, name: 'event_ts_hour', transform: 'hour' },
      { sourceId: 1, fieldId: 1001, name: 'exchange', transform: 'identity' },
    ])
    expect(tableDefinition(tables.gaps).partitionSpec.fields).toEqual([
      { sourceId: 5, fieldId: 1000, name: 'event_ts_day', transform: 'day' },
    ])
  })

  it('sorts by the contract’s columns, nulls first, and tells readers about the files', () => {
    const { sortOrder, properties } = tableDefinition(tables.spot_delta)
    expect(sortOrder.fields.map(({ sourceId }) => sourceId)).toEqual([2, 3, 5, 27, 11])
    expect(sortOrder.orderId).toBe(1)
    expect(properties).toMatchObject({
      'cryptoflow.schema-version': '1.0.0',
      'write.parquet.compression-codec': 'zstd',
      'write.metadata.delete-after-commit.enabled': 'true',
      'write.metadata.previous-versions-max': '50',
    })
  })
})

describe('misfit', () => {
  const definition = tableDefinition(tables.spot_delta)
  const withFields = (fields: TableMetadata['schemas'][number]['fields']): TableMetadata => ({
    ...made,
    schemas: [{ schemaId: 0, fields }],
  })

  it('welcomes the table as made, renamed columns and columns of others (R21)', () => {
    expect(misfit(made, definition)).toBeNull()
    const { fields } = made.schemas[0]!
    const renamed = fields.map((field) => (field.id === 4 ? { ...field, name: 'our_name' } : field))
    expect(
      misfit(withFields([...renamed, { id: 99, name: 'note', required: false, type: 'string' }]), definition),
    ).toBeNull()
  })

  it('names a column gone or retyped, and another partition spec', () => {
    const { fields } = made.schemas[0]!
    expect(misfit(withFields(fields.slice(1)), definition)).toContain('exchange (id 1) is gone')
    const retyped = fields.map((field) => (field.id === 11 ? { ...field, type: 'string' as const } : field))
    expect(misfit(withFields(retyped), definition)).toContain('frame (id 11) is string, expected long')
    const other: TableMetadata = { ...made, partitionSpecs: [{ specId: 0, fields: [] }] }
    expect(misfit(other, definition)).toContain('partition spec')
  })
})

describe('unresolvable', () => {
  const file = offer('file:///w/a.parquet')

  it('lets files of any schema that the table still has pass', () => {
    const later = {
      ...made,
      schemas: [...made.schemas, { ...made.schemas[0]!, schemaId: 1 }],
      currentSchemaId: 1,
    }
    expect(unresolvable(later, [file, { ...file, schemaId: 1 }])).toBeNull()
  })

  it('names the file whose schema or partition spec the table has no more', () => {
    expect(unresolvable(made, [file, { ...file, schemaId: 7 }])).toContain(
      'a.parquet was written with schema 7',
    )
    expect(unresolvable(made, [{ ...file, specId: 3 }])).toContain('partition spec 3')
  })
})
