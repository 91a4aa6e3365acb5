import { IcebergError } from './errors.ts'
import { asObject, asText, type JsonObject } from './json.ts'
import { parseSchema, schemaToJson, typeToJson } from './schema-json.ts'
import { currentSchema, partitionSpecOf, sortOrderOf } from './snapshots.ts'
import { decimalDigits } from './twos-complement.ts'
import type { Field, PrimitiveType, Proposal, Schema, TableMetadata } from './types.ts'

/** One step from a schema to the next. Columns are named as the steps before have left them. */
export type SchemaChange =
  /** A new optional column, at the end; rows written before read as null. */
  | { readonly change: 'add'; readonly name: string; readonly type: PrimitiveType; readonly doc?: string }
  | { readonly change: 'rename'; readonly name: string; readonly to: string }
  /** int to long, float to double, a decimal to more digits of the same scale. */
  | { readonly change: 'widen'; readonly name: string; readonly type: PrimitiveType }
  | { readonly change: 'make-optional'; readonly name: string }
  | { readonly change: 'drop'; readonly name: string }
  /** Behind that column; null: to the front. */
  | { readonly change: 'move'; readonly name: string; readonly after: string | null }

/**
 * The commit that changes the columns of a table (spec "Schema Evolution"). Columns are known by their field ids:
 * files written before stay as they are, a new column never gets the id of a dropped one. Columns of nested types can
 * be renamed, dropped, moved and made optional. Throws IcebergError `refused` for a change that would make rows that
 * exist unreadable or wrong, or that would leave partition spec, sort order or identifier without their column.
 */
export function evolveSchema(metadata: TableMetadata, changes: readonly SchemaChange[]): Proposal {
  const schema = currentSchema(metadata)
  const json = schemaToJson(schema)
  let columns: readonly JsonObject[] = (json.fields as readonly unknown[]).map((field) =>
    asObject(field, 'schema field'),
  )
  let lastColumnId = metadata.lastColumnId
  for (const change of changes) {
    if (change.change === 'add') columns = added(metadata, columns, change, ++lastColumnId)
    else columns = changed(metadata, schema, columns, change)
  }
  const next = parseSchema({ ...json, fields: columns })
  const isSame = JSON.stringify(columns) === JSON.stringify(json.fields)
  return {
    requirements: [
      { type: 'assert-table-uuid', uuid: metadata.tableUuid },
      { type: 'assert-current-schema-id', schemaId: metadata.currentSchemaId },
      { type: 'assert-last-assigned-field-id', fieldId: metadata.lastColumnId },
    ],
    updates: isSame
      ? []
      : [
          { action: 'add-schema', schema: next },
          { action: 'set-current-schema', schemaId: -1 },
        ],
  }
}

type Adding = Extract<SchemaChange, { change: 'add' }>
type Changing = Exclude<SchemaChange, Adding>

function added(
  metadata: TableMetadata,
  columns: readonly JsonObject[],
  { name, type, doc }: Adding,
  id: number,
): readonly JsonObject[] {
  checkFree(metadata, columns, name)
  const column = { id, name, required: false, type: typeToJson(type), ...(doc === undefined ? {} : { doc }) }
  return [...columns, column]
}

function changed(
  metadata: TableMetadata,
  schema: Schema,
  columns: readonly JsonObject[],
  change: Changing,
): readonly JsonObject[] {
  const index = indexOf(columns, change.name)
  const column = columns[index]!
  const replaced = (by: JsonObject): readonly JsonObject[] => columns.with(index, { ...column, ...by })
  switch (change.change) {
    case 'rename':
      if (change.to === change.name) return columns
      checkFree(metadata, columns, change.to)
      return replaced({ name: change.to })
    case 'widen':
      checkWider(column, change.type)
      return replaced({ type: typeToJson(change.type) })
    case 'make-optional':
      checkUnused(column, { 'an identifier of the rows': identifiers(schema) })
      return replaced({ required: false })
    case 'drop':
      checkUnused(column, users(metadata, schema))
      return columns.toSpliced(index, 1)
    case 'move': {
      const others = columns.toSpliced(index, 1)
      return others.toSpliced(change.after === null ? 0 : indexOf(others, change.after) + 1, 0, column)
    }
  }
}

function indexOf(columns: readonly JsonObject[], name: string): number {
  const index = columns.findIndex((column) => column.name === name)
  if (index === -1) throw new IcebergError('refused', 'changing a schema, found no such column', { name })
  return index
}

// A partition field may bear a column's name only where both are the same values (spec "Partitioning").
function checkFree(metadata: TableMetadata, columns: readonly JsonObject[], name: string): void {
  const partitions = partitionSpecOf(metadata, metadata.defaultSpecId).fields
  const isTaken =
    columns.some((column) => column.name === name) || partitions.some((field) => field.name === name)
  if (isTaken || name === '') {
    throw new IcebergError('refused', 'naming a column, found the name taken or empty', { name })
  }
}

function checkWider(column: JsonObject, to: PrimitiveType): void {
  const name = asText(column.name, 'column name')
  const from = parseSchema({ fields: [column] }).fields[0]?.type
  if (from === undefined || !isWider(from, to)) {
    throw new IcebergError('refused', 'widening a column, found a type that does not hold all its values', {
      name,
      from: column.type,
      to,
    })
  }
}

function isWider(from: PrimitiveType, to: PrimitiveType): boolean {
  if (from === 'int') return to === 'long'
  if (from === 'float') return to === 'double'
  if (!from.startsWith('decimal') || !to.startsWith('decimal')) return false
  const [before, after] = [decimalDigits(from), decimalDigits(to)]
  return before.scale === after.scale && before.precision < after.precision && after.precision <= 38
}

/** What needs a column, and which ones. */
type Users = Readonly<Record<string, readonly Field['id'][]>>

function users(metadata: TableMetadata, schema: Schema): Users {
  const partitions = partitionSpecOf(metadata, metadata.defaultSpecId).fields
  return {
    'a source of the partition spec': partitions
      .filter(({ transform }) => transform !== 'void')
      .map(({ sourceId }) => sourceId),
    'a source of the sort order': sortOrderOf(metadata).fields.map(({ sourceId }) => sourceId),
    'an identifier of the rows': identifiers(schema),
  }
}

function identifiers(schema: Schema): readonly number[] {
  return (schema.rest?.['identifier-field-ids'] ?? []) as readonly number[]
}

function checkUnused(column: JsonObject, wanted: Users): void {
  for (const [use, ids] of Object.entries(wanted)) {
    if (!ids.includes(column.id as number)) continue
    throw new IcebergError('refused', `changing a column that is ${use}`, { name: column.name })
  }
}
