// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of configuration are written so.
import { describe, expect, it } from 'vitest'
import { substitute, type Variable } from './variables.ts'

const environment = new Map(
  Object.entries({ A: '1', EMPTY: '', REF: '${A}', API_SECRET: 's', LONG: 'x'.repeat(60_000) }).map(
    ([name, value]): [string, Variable] => [name, { name, value, file: null, line: 0 }],
  ),
)
const put = (text: string) => substitute(text, environment)

describe('variables in a text', () => {
  it('are put in, with a default where they are empty or not set', () => {
    expect(put('a${A}b${NONE:-c}d${EMPTY:-e}f${EMPTY}').text).toBe('a1bcdef')
    expect(put('${NONE:-}').problems).toEqual([])
    expect(put('${A:-2}').text).toBe('1')
    expect(put('${NONE:-http://h:1/p}').text).toBe('http://h:1/p')
  })

  it('are not looked for in what was put in', () => {
    expect(put('${REF}').text).toBe('${A}')
  })

  it('leave $${ as ${', () => {
    expect(put('$${A} ${A} $A').text).toBe('${A} 1 $A')
  })

  it('must be set or have a default, and have a name', () => {
    expect(put('${NONE}').problems).toEqual(['expected a variable NONE in the environment, got none'])
    expect(put('${__proto__}').problems).toHaveLength(1)
    for (const text of ['${}', '${1A}', '${A-b}', '${A:b}']) expect(put(text).problems, text).toHaveLength(1)
  })

  it('make a secret when one of their names says so', () => {
    expect(put('${A}${API_SECRET}')).toMatchObject({ isSecret: true, variables: ['A', 'API_SECRET'] })
    expect(put('${A}').isSecret).toBe(false)
  })

  it('cannot make a long text out of a short one', () => {
    const { text, problems } = put('${LONG}'.repeat(1000))
    expect(text.length).toBeLessThan(64 * 1024)
    expect(problems).toHaveLength(1)
  })
})
