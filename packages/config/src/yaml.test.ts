// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of configuration are written so.
import { describe, expect, it } from 'vitest'
import { type Problem, problemText } from './place.ts'
import type { Raw } from './raw.ts'
import { FILE_BYTES_MAX, readYaml } from './yaml.ts'

function read(text: string): {
  readonly value: unknown
  readonly problems: readonly string[]
  readonly raw: Raw
} {
  const problems: Problem[] = []
  const raw = readYaml({ name: 'a.yaml', text }, new Map(), (problem) => problems.push(problem))
  return { raw, value: plain(raw), problems: problems.map(problemText) }
}

function plain(raw: Raw): unknown {
  if (raw.kind === 'scalar') return raw.value
  if (raw.kind === 'list') return raw.items.map(plain)
  return new Map([...raw.entries].map(([name, entry]) => [name, plain(entry.value)]))
}

describe('a YAML file', () => {
  it('is read with the place of every part', () => {
    const { raw, value } = read('a:\n  b: [1, x]\n"c": true\nd:\n')
    expect(value).toEqual(
      new Map<string, unknown>([
        ['a', new Map([['b', [1, 'x']]])],
        ['c', true],
        ['d', null],
      ]),
    )
    const a = raw.kind === 'map' ? raw.entries.get('a')?.value : undefined
    const b = a?.kind === 'map' ? a.entries.get('b') : undefined
    expect(b?.source).toMatchObject({ file: 'a.yaml', line: 2, column: 3 })
    expect(b?.value.kind === 'list' && b.value.items[1]?.source).toMatchObject({ line: 2, column: 10 })
  })

  it('keeps to the core schema: NO and 010 are no surprises', () => {
    expect(read('a: NO\nb: on\nc: 010\nd: 2026-11-21\ne: 1_000').value).toEqual(
      new Map<string, unknown>([
        ['a', 'NO'],
        ['b', 'on'],
        ['c', 10],
        ['d', '2026-11-21'],
        ['e', '1_000'],
      ]),
    )
  })

  it('may be empty, or all comment', () => {
    for (const text of ['', '# nothing\n', '---\n', 'null'])
      expect(read(text)).toMatchObject({ value: new Map(), problems: [] })
  })

  it('follows aliases, the nearest anchor before them', () => {
    const { value } = read('a: &x [1]\nb: *x\nc: &x [2]\nd: *x')
    expect(value).toEqual(
      new Map([
        ['a', [1]],
        ['b', [1]],
        ['c', [2]],
        ['d', [2]],
      ]),
    )
    expect(read('a: *x').problems).toEqual([expect.stringMatching(/^a.yaml:1:4: .*anchor/)])
  })

  it('says where it is no YAML, and never repeats its lines', () => {
    const { problems } = read('a: 1\nb: "hunter2\nc: [\n')
    expect(problems.length).toBeGreaterThan(0)
    expect(problems[0]).toMatch(/^a\.yaml:\d+:\d+: expected YAML/)
    expect(problems.join()).not.toContain('hunter2')
  })

  it('has each key once', () => {
    expect(read('a:\n  b: 1\n  c: 2\n  b: 3').problems).toEqual([
      'a.yaml:4:3: a.b: expected each key once, got it again (first in line 2)',
    ])
  })

  it('may name a key like something of the language', () => {
    const { value } = read('__proto__: 1\nconstructor: 2')
    expect(value).toEqual(
      new Map([
        ['__proto__', 1],
        ['constructor', 2],
      ]),
    )
  })

  it('is one document of keys, without tags', () => {
    expect(read('a: 1\n---\nb: 2').problems).toEqual([expect.stringContaining('expected one document')])
    expect(read('- 1').problems).toEqual(['a.yaml:1:1: expected keys and their values, got a list'])
    expect(read('5').problems).toEqual(['a.yaml:1:1: expected keys and their values, got a single value'])
    expect(read('a: !!binary aGk=').problems).toHaveLength(1)
    expect(read('? [a]\n: 1').problems.length).toBeGreaterThan(0)
  })
})

describe('a YAML file that is too much', () => {
  const parts = 'expected at most 100000 values with aliases written out, got more'

  it('is refused by its size before it is parsed', () => {
    expect(read(`a: ${'x'.repeat(FILE_BYTES_MAX)}`).problems).toEqual([
      `a.yaml:1:1: expected at most ${FILE_BYTES_MAX} bytes, got ${FILE_BYTES_MAX + 3}`,
    ])
  })

  it('is refused when its aliases name billions', () => {
    const lines = Array.from({ length: 30 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}, *a${i}]`)
    const { problems, value } = read(['a0: &a0 [x, x]', ...lines].join('\n'))
    expect(problems).toEqual([`a.yaml:1:1: ${parts}`])
    expect(value).toEqual(new Map())
  })

  it('is refused when an alias is inside itself', () => {
    expect(read('a: &x [*x]').problems).toEqual(['a.yaml:1:1: expected at most 20 levels, got more'])
    expect(read('a: &x { b: *x, c: *x }').problems).toHaveLength(1)
  })

  it('is refused when it is too deep, by itself or through aliases', () => {
    expect(read(`a: ${'['.repeat(30)}${']'.repeat(30)}`).problems).toEqual([
      'a.yaml:1:1: expected at most 20 levels, got more',
    ])
    expect(read(`a: ${'['.repeat(5000)}`).problems.join()).toContain('expected')
    expect(read('- '.repeat(5000)).problems.join()).toContain('expected')
  })

  it('tells a few of many mistakes', () => {
    expect(read('\t- :\n'.repeat(1000)).problems.length).toBeLessThanOrEqual(10)
  })
})
