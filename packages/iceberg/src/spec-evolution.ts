import { IcebergError } from './errors.ts'
import { currentSchema, partitionSpecOf } from './snapshots.ts'
import { checkTransform } from './transforms.ts'
import type { Field, PartitionField, Proposal, TableMetadata, Transform } from './types.ts'

/** One step from a partition spec to the next. */
export type SpecChange =
  /** `name`: default the column's, with what the transform does to it: `event_ts_hour`, `symbol_bucket_16`. */
  | { readonly change: 'add'; readonly column: string; readonly transform: Transform; readonly name?: string }
  | { readonly change: 'remove'; readonly name: string }
  | { readonly change: 'rename'; readonly name: string; readonly to: string }

/**
 * The commit that changes how new files are partitioned (spec "Partition Evolution"). Files written before keep their
 * spec. A field that an earlier spec had already (same column, same transform) gets its id back. Throws IcebergError
 * `refused` for names that are taken and for a second transform of one column that says nothing new.
 */
export function evolveSpec(metadata: TableMetadata, changes: readonly SpecChange[]): Proposal {
  const spec = partitionSpecOf(metadata, metadata.defaultSpecId)
  let fields = spec.fields
  let lastPartitionId = metadata.lastPartitionId
  for (const change of changes) {
    if (change.change !== 'add') {
      fields = changed(metadata, fields, change)
      continue
    }
    const source = columnOf(metadata, change.column)
    checkTransform(change.transform, source.type)
    checkNew(fields, source, change.transform)
    const name = change.name ?? defaultName(source, change.transform)
    const fieldId = formerId(metadata, source, change.transform) ?? ++lastPartitionId
    checkFree(metadata, fields, { name, sourceId: source.id, transform: change.transform })
    fields = [...fields, { sourceId: source.id, fieldId, name, transform: change.transform }]
  }
  return {
    requirements: [
      { type: 'assert-table-uuid', uuid: metadata.tableUuid },
      { type: 'assert-current-schema-id', schemaId: metadata.currentSchemaId },
      { type: 'assert-default-spec-id', specId: metadata.defaultSpecId },
      { type: 'assert-last-assigned-partition-id', fieldId: metadata.lastPartitionId },
    ],
    updates: [
      { action: 'add-spec', spec: { ...spec, fields } },
      { action: 'set-default-spec', specId: -1 },
    ],
  }
}

function changed(
  metadata: TableMetadata,
  fields: readonly PartitionField[],
  change: Exclude<SpecChange, { change: 'add' }>,
): readonly PartitionField[] {
  const index = fields.findIndex(({ name }) => name === change.name)
  const field = fields[index]
  if (field === undefined) {
    throw new IcebergError('refused', 'changing a partition spec, found no such field', { name: change.name })
  }
  const others = fields.toSpliced(index, 1)
  if (change.change === 'remove') return others
  const renamed = { ...field, name: change.to }
  checkFree(metadata, others, renamed)
  return fields.with(index, renamed)
}

function columnOf(metadata: TableMetadata, name: string): Field {
  const column = currentSchema(metadata).fields.find((field) => field.name === name)
  if (column === undefined) {
    throw new IcebergError('refused', 'partitioning, found no such column of a known type', { name })
  }
  return column
}

const TIMES: readonly Transform[] = ['year', 'month', 'day', 'hour']

// Two times of one column, or a transform twice: the finer one says all that the other does.
function checkNew(fields: readonly PartitionField[], source: Field, transform: Transform): void {
  const isTime = TIMES.includes(transform)
  const same = fields.find(
    (field) =>
      field.sourceId === source.id &&
      (field.transform === transform || (isTime && TIMES.includes(field.transform))),
  )
  if (same !== undefined) {
    throw new IcebergError('refused', 'partitioning, found a field of this column that says the same', {
      field: same.name,
    })
  }
}

function checkFree(
  metadata: TableMetadata,
  others: readonly PartitionField[],
  { name, sourceId, transform }: Pick<PartitionField, 'name' | 'sourceId' | 'transform'>,
): void {
  const column = currentSchema(metadata).fields.find((field) => field.name === name)
  const isOwnColumn = column?.id === sourceId && transform === 'identity'
  if (name === '' || others.some((field) => field.name === name) || (column !== undefined && !isOwnColumn)) {
    throw new IcebergError('refused', 'naming a partition field, found the name taken or empty', { name })
  }
}

function formerId(metadata: TableMetadata, source: Field, transform: Transform): number | null {
  const former = metadata.partitionSpecs
    .flatMap(({ fields }) => fields)
    .find((field) => field.sourceId === source.id && field.transform === transform)
  return former?.fieldId ?? null
}

function defaultName({ name }: Field, transform: Transform): string {
  const [, kind, width] = /^(bucket|truncate)\[(\d+)\]$/.exec(transform) ?? []
  if (kind !== undefined) return `${name}_${kind === 'bucket' ? 'bucket' : 'trunc'}_${width}`
  return transform === 'identity' ? name : `${name}_${transform === 'void' ? 'null' : transform}`
}
