import type { JsonSchema } from '../schema.ts'

type Schema = JsonSchema | undefined

/**
 * A plain validator of the part of JSON Schema that ours uses, by the words of the specification: a second opinion
 * on what the schema says. Throws for a keyword that it does not know.
 */
export function validates(schema: JsonSchema, value: unknown): boolean {
  return Object.entries(schema).every(([keyword, rule]) => {
    const check = keywords[keyword]
    if (check === undefined) throw new Error(`no keyword ${keyword}`)
    return check(value, rule as never, schema)
  })
}

type Check = (value: unknown, rule: never, schema: JsonSchema) => boolean

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const keywords: Record<string, Check> = {
  $schema: () => true,
  title: () => true,
  description: () => true,
  default: () => true,
  type: (value, rule: string | string[]) => [rule].flat().some((type) => isOfType(value, type)),
  anyOf: (value, rule: JsonSchema[]) => rule.some((schema) => validates(schema, value)),
  not: (value, rule: JsonSchema) => !validates(rule, value),
  enum: (value, rule: unknown[]) => rule.includes(value),
  minimum: (value, rule: number) => typeof value !== 'number' || value >= rule,
  maximum: (value, rule: number) => typeof value !== 'number' || value <= rule,
  pattern: (value, rule: string) => typeof value !== 'string' || new RegExp(rule, 'u').test(value),
  maxLength: (value, rule: number) => typeof value !== 'string' || [...value].length <= rule,
  minItems: (value, rule: number) => !Array.isArray(value) || value.length >= rule,
  maxItems: (value, rule: number) => !Array.isArray(value) || value.length <= rule,
  uniqueItems: (value) => !Array.isArray(value) || new Set(value).size === value.length,
  items: (value, rule: JsonSchema) => !Array.isArray(value) || value.every((item) => validates(rule, item)),
  required: (value, rule: string[]) => !isObject(value) || rule.every((name) => Object.hasOwn(value, name)),
  propertyNames: (value, rule: JsonSchema) =>
    !isObject(value) || Object.keys(value).every((name) => validates(rule, name)),
  properties: (value, rule: Record<string, JsonSchema>) =>
    !isObject(value) ||
    Object.entries(value).every(([name, item]) => {
      const schema: Schema = Object.hasOwn(rule, name) ? rule[name] : undefined
      return schema === undefined || validates(schema, item)
    }),
  additionalProperties: (value, rule: JsonSchema | false, { properties = {} }) => {
    if (!isObject(value)) return true
    const others = Object.entries(value).filter(([name]) => !Object.hasOwn(properties as object, name))
    return others.every(([, item]) => rule !== false && validates(rule, item))
  },
}

function isOfType(value: unknown, type: string): boolean {
  if (type === 'null') return value === null
  if (type === 'array') return Array.isArray(value)
  if (type === 'object') return isObject(value)
  if (type === 'integer') return Number.isInteger(value)
  return typeof value === type
}
