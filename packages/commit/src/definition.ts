import type {
  Field,
  PartitionField,
  PrimitiveType,
  TableDefinition,
  TableMetadata,
} from '@cryptoflow/iceberg'
import {
  assert,
  type ColumnSpec,
  type ColumnType,
  type DataFileOffer,
  type TableContract,
} from '@cryptoflow/model'

/** The Iceberg table that a contract of `model` describes: sort order 1, format v2. */
export function tableDefinition(contract: TableContract): TableDefinition {
  const columns = Object.entries<ColumnSpec>(contract.columns)
  return {
    schema: { schemaId: contract.schemaId, fields: columns.map(([name, spec]) => fieldOf(name, spec)) },
    partitionSpec: { specId: contract.specId, fields: partitionFields(contract) },
    sortOrder: {
      orderId: contract.sort.length === 0 ? 0 : 1,
      fields: contract.sort.map((name) => ({
        sourceId: idOf(contract, name),
        transform: 'identity',
        direction: 'asc',
        nullOrder: 'nulls-first',
      })),
    },
    properties: {
      'cryptoflow.schema-version': contract.schemaVersion,
      'write.format.default': 'parquet',
      'write.parquet.compression-codec': 'zstd',
      'commit.manifest-merge.enabled': 'true',
      'commit.manifest.min-count-to-merge': '100',
      'commit.manifest.target-size-bytes': '8388608',
      'write.metadata.delete-after-commit.enabled': 'true',
      'write.metadata.previous-versions-max': '50',
    },
  }
}

/**
 * Why files made for this definition cannot go into the table as it is now; null when they can.
 *
 * Columns that others added are welcome (R21). A column of ours gone or retyped, or another default
 * partition spec, would make our files lie.
 */
export function misfit(metadata: TableMetadata, definition: TableDefinition): string | null {
  const schema = metadata.schemas.find(({ schemaId }) => schemaId === metadata.currentSchemaId)
  const fields = new Map(schema?.fields.map((field) => [field.id, field]))
  for (const { id, name, type } of definition.schema.fields) {
    const found = fields.get(id)?.type
    if (found !== type) return `column ${name} (id ${id}) is ${found ?? 'gone'}, expected ${type}`
  }
  const spec = metadata.partitionSpecs.find(({ specId }) => specId === metadata.defaultSpecId)
  const found = partitionText(spec?.fields ?? [])
  const expected = partitionText(definition.partitionSpec.fields)
  return found === expected ? null : `the partition spec is ${found}, expected ${expected}`
}

/**
 * Why these offered files cannot be appended to the table as it is now; null when they can.
 *
 * A schema that was dropped cannot be resolved by readers any more, and our manifests are written with the default
 * partition spec (R21).
 */
export function unresolvable(metadata: TableMetadata, files: readonly DataFileOffer[]): string | null {
  const schemas = new Set(metadata.schemas.map(({ schemaId }) => schemaId))
  for (const { location, schemaId, specId } of files) {
    if (!schemas.has(schemaId))
      return `${location} was written with schema ${schemaId}, which the table has no more`
    if (specId === metadata.defaultSpecId) continue
    return `${location} was written with partition spec ${specId}, the table's is ${metadata.defaultSpecId}`
  }
  return null
}

function partitionText(fields: readonly PartitionField[]): string {
  return `(${fields.map(({ transform, sourceId }) => `${transform} of ${sourceId}`).join(', ')})`
}

function partitionFields(contract: TableContract): PartitionField[] {
  if (contract.partition === null) return []
  const { time, byExchange } = contract.partition
  const byTime: PartitionField = {
    sourceId: idOf(contract, 'event_ts'),
    fieldId: 1000,
    name: `event_ts_${time}`,
    transform: time,
  }
  if (!byExchange) return [byTime]
  const sourceId = idOf(contract, 'exchange')
  return [byTime, { sourceId, fieldId: 1001, name: 'exchange', transform: 'identity' }]
}

function fieldOf(name: string, spec: ColumnSpec): Field {
  return { id: spec.id, name, required: !spec.nullable, type: icebergType(spec.type) }
}

function idOf(contract: TableContract, column: string): number {
  const spec = Object.entries<ColumnSpec>(contract.columns).find(([name]) => name === column)?.[1]
  assert(spec !== undefined, `${contract.name} has the column ${column} that its layout names`)
  return spec.id
}

function icebergType(type: ColumnType): PrimitiveType {
  switch (type) {
    case 'name':
    case 'text':
      return 'string'
    case 'int':
    case 'scale':
      return 'int'
    case 'long':
      return 'long'
    case 'timestamp':
      return 'timestamptz'
    case 'decimal':
      return 'decimal(38,18)'
    case 'boolean':
      return 'boolean'
    case 'bytes':
      return 'binary'
  }
}
