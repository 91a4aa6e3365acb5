import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nodesOf } from './declaration.ts'
import { configSchema, type JsonSchema, schemaText } from './schema.ts'
import { validates } from './testing/json-schema.ts'
import { loadText } from './testing/load-text.ts'

const schema = configSchema()
const isTold = (value: unknown) => loadText(JSON.stringify(value)).problems.length > 0
const good = { exchange: 'binance', stream: 'ticks', symbols: ['BTCUSDT'] }

describe('the JSON Schema', () => {
  it('is the committed one', () => {
    const committed = readFileSync(join(import.meta.dirname, '../../../configs/schema.json'), 'utf8')
    // To write it anew: see the README of this package.
    expect(committed).toBe(schemaText())
    expect(JSON.parse(committed)).toEqual(schema)
  })

  it('says draft 2020-12, and describes every key', () => {
    expect(schema.$schema).toBe('https://json-schema.org/draft/2020-12/schema')
    const described = (schemaText().match(/"description":/g) ?? []).length
    expect(described).toBeGreaterThanOrEqual([...nodesOf()].length)
  })

  it('takes both forms and not their mixture', () => {
    expect(validates(schema, good)).toBe(true)
    expect(validates(schema, { collectors: [{ exchange: 'binance', symbols: ['A'] }] })).toBe(true)
    expect(validates(schema, { ...good, collectors: [{ exchange: 'binance', symbols: ['A'] }] })).toBe(false)
    expect(validates(schema, { collectors: [{ symbols: ['A'] }] })).toBe(false)
  })

  it('takes variables, sizes and sections without keys', () => {
    const threads = `\${T}`
    expect(validates(schema, { ...good, threads, journal: null, symbols: threads })).toBe(true)
    expect(validates(schema, { ...good, journal: { retention: { bytes: '20GB' } } })).toBe(true)
  })

  it('agrees with the checks about values and unknown keys', () => {
    const value = fc.oneof(
      fc.constantFrom<unknown>(
        null,
        true,
        0,
        1,
        -1,
        0.5,
        100,
        9090,
        1e9,
        '',
        'zstd',
        'info',
        '127.0.0.1',
        'auto',
        'x y',
      ),
      fc.constantFrom<unknown>([], ['a'], ['a', 'a'], [1], {}, { days: 3 }, { dayz: 3 }),
    )
    const path = fc.constantFrom(
      ...[...nodesOf()]
        .map(({ path }) => path)
        .filter((each) => each.length > 0 && !each.includes('*') && each[0] !== 'collectors'),
    )
    const unknown = fc.constantFrom(['sed'], ['journal', 'x'], ['journal', 'retention', 'constructor'])
    let refused = 0
    fc.assert(
      fc.property(
        fc.oneof({ weight: 9, arbitrary: path }, { weight: 1, arbitrary: unknown }),
        value,
        (at, given) => {
          const file: JsonSchema = {
            ...good,
            ...at.reduceRight<Record<string, unknown>>(
              (inside, name) => ({ [name]: inside }),
              given as never,
            ),
          }
          // What only values together can tell is no matter of the schema.
          if (
            loadText(JSON.stringify(file)).problems.some(({ message }) =>
              /^expected (at (least|most) [a-z]|less than)/.test(message),
            )
          )
            return
          const isRefused = !validates(schema, file)
          if (isRefused) refused++
          expect(isRefused, JSON.stringify(file)).toBe(isTold(file))
        },
      ),
      { seed: 5, numRuns: 1500 },
    )
    expect(refused).toBeGreaterThan(500)
  })
})
