import { written } from './declaration.ts'
import type { Form, Leaf, List, Names, Node, Section } from './node.ts'
import type { LeafValue } from './read-value.ts'

/** A JSON Schema, or a part of one. */
export type JsonSchema = { readonly [key: string]: unknown }

/** Longest line of an array before it is broken. */
const LINE_CHARS = 110
/** A text in which variables are put. */
const reference: JsonSchema = { type: 'string', pattern: '\\$\\{' }
const SIZE = '^[0-9]+(\\.[0-9]+)? ?(B|[kKMGT]i?B)$'

/** The JSON Schema (draft 2020-12) of a file, for editors: made from the declaration that the checks use. */
export function configSchema(): JsonSchema {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'CryptoFlow configuration',
    ...sectionSchema(written),
    // Both forms at once is what the schema cannot see otherwise.
    not: { required: ['collectors', 'exchange'] },
  }
}

/** `configSchema()` as a file: arrays in one line where they fit. */
export function schemaText(): string {
  return `${textOf(configSchema(), '', '')}\n`
}

function schemaOf(node: Node): JsonSchema {
  switch (node.kind) {
    case 'leaf':
      return leafSchema(node as Leaf<LeafValue>)
    case 'section':
      return sectionSchema(node)
    case 'optional':
      return sectionSchema(node.section)
    case 'list':
      return listSchema(node)
    case 'names':
      return namesSchema(node)
  }
}

function described(node: Node): JsonSchema {
  if (node.usedBy !== null) return { description: node.doc }
  return { description: `${node.doc} Nothing uses it yet.${node.note === undefined ? '' : ` ${node.note}`}` }
}

/** A key without a value is an empty section. */
function sectionSchema(node: Section): JsonSchema {
  const required = Object.entries(node.keys).filter(([, child]) => isRequired(child) && node !== written)
  return {
    ...described(node),
    type: ['object', 'null'],
    properties: Object.fromEntries(Object.entries(node.keys).map(([name, child]) => [name, schemaOf(child)])),
    ...(required.length === 0 ? {} : { required: required.map(([name]) => name) }),
    additionalProperties: false,
  }
}

function isRequired(node: Node): boolean {
  return node.kind === 'leaf' && node.default === undefined && !node.isNullable
}

function leafSchema(leaf: Leaf<LeafValue>): JsonSchema {
  const value = leaf.default
  const kinds = [...formSchemas(leaf.form), ...(leaf.isNullable ? [{ type: 'null' }] : []), reference]
  return { ...described(leaf as Node), ...(value === undefined ? {} : { default: value }), anyOf: kinds }
}

function formSchemas(form: Form): JsonSchema[] {
  switch (form.kind) {
    case 'flag':
      return [{ type: 'boolean' }]
    case 'choice':
      return [{ enum: form.values }]
    case 'text':
      return [{ type: 'string', pattern: form.pattern, maxLength: form.charsMax }]
    case 'number':
      return [{ type: 'number', minimum: form.min, maximum: form.max }]
    case 'whole':
      return [{ type: 'integer', minimum: form.min, maximum: form.max }]
    case 'size':
      return [
        { type: 'integer', minimum: form.min, maximum: form.max },
        { type: 'string', pattern: SIZE },
      ]
  }
}

/** `stream` and lists out of a variable are single texts. */
function listSchema(node: List): JsonSchema {
  const items = {
    type: 'array',
    items: schemaOf(node.of),
    minItems: node.min,
    maxItems: node.max,
    ...(node.of.kind === 'leaf' ? { uniqueItems: true } : {}),
  }
  const others = [
    ...(node.default === null ? [{ type: 'null' }] : []),
    ...(node.of.kind === 'leaf' ? [reference] : []),
  ]
  return { ...described(node), anyOf: [items, ...others] }
}

function namesSchema(node: Names): JsonSchema {
  return {
    ...described(node),
    type: ['object', 'null'],
    propertyNames: { pattern: node.pattern, maxLength: 64 },
    additionalProperties: schemaOf(node.of),
  }
}

function textOf(value: unknown, pad: string, before: string): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const deeper = `${pad}  `
  if (Array.isArray(value)) {
    const line = `[${value.map((item) => JSON.stringify(item)).join(', ')}]`
    const isPlain = value.every((item) => typeof item !== 'object')
    if (isPlain && pad.length + before.length + line.length < LINE_CHARS) return line
    return `[\n${value.map((item) => deeper + textOf(item, deeper, '')).join(',\n')}\n${pad}]`
  }
  const entries = Object.entries(value).map(([key, item]) => {
    const name = `${JSON.stringify(key)}: `
    return deeper + name + textOf(item, deeper, name)
  })
  return entries.length === 0 ? '{}' : `{\n${entries.join(',\n')}\n${pad}}`
}
