import { describe, expect, it } from 'vitest'
import { declaration, nodesOf } from './declaration.ts'
import { variableOf } from './environment.ts'
import { camelOf, type Leaf } from './node.ts'
import type { LeafValue } from './read-value.ts'
import { defaultConfig } from './template.ts'
import { GOOD, loadText } from './testing/load-text.ts'

const leaves = [...nodesOf()].flatMap(({ path, node }) =>
  node.kind === 'leaf' && !path.includes('*') ? [{ path, leaf: node as Leaf<LeafValue> }] : [],
)

/** The problems of a key that is set to a value by its variable. */
function problemsOf(path: readonly string[], value: LeafValue): readonly string[] {
  const { problems } = loadText(GOOD, { environment: { [variableOf(path)]: String(value) } })
  return problems
    .filter(({ key, message }) => key === path.join('.') && !/^expected (at |less)/.test(message))
    .map(({ message }) => message)
}

describe('every declared key', () => {
  it('is written in snake case and says what it is, in whole sentences', () => {
    for (const { path, node } of nodesOf()) {
      expect(path.at(-1) ?? 'root', path.join('.')).toMatch(/^(\*|[a-z][a-z0-9]*(_[a-z0-9]+)*)$/)
      expect(node.doc, path.join('.')).toMatch(/^[A-Z0-9].*\.$/)
    }
  })

  it('has somebody who uses it, or says that nobody does', () => {
    for (const [name, node] of Object.entries(declaration.keys)) expect(node.usedBy, name).not.toBeUndefined()
    for (const { path, node } of nodesOf()) {
      if (node.usedBy === null) expect(node.note, path.join('.')).toMatch(/\.$/)
    }
  })

  it('takes its own default, both ends of its range and each of its choices, and nothing beyond', () => {
    let ranges = 0
    for (const { path, leaf } of leaves) {
      const { form } = leaf
      if (leaf.default !== undefined && leaf.default !== null)
        expect(problemsOf(path, leaf.default)).toEqual([])
      if (form.kind === 'choice') {
        for (const value of form.values) expect(problemsOf(path, value)).toEqual([])
        expect(problemsOf(path, 'no such choice')).toHaveLength(1)
      } else if ('min' in form) {
        ranges++
        for (const value of [form.min, form.max]) expect(problemsOf(path, value), path.join('.')).toEqual([])
        for (const value of [form.min - 1, form.max + 1])
          expect(problemsOf(path, value), path.join('.')).toHaveLength(1)
        expect(problemsOf(path, 'x')).toHaveLength(1)
        if (form.kind !== 'number') expect(problemsOf(path, form.min + 0.5)).toHaveLength(1)
      } else if (form.kind === 'flag') expect(problemsOf(path, 'yes')).toHaveLength(1)
    }
    expect(ranges).toBeGreaterThan(30)
  })

  it('is in the value under its name in camelCase, and set by its variable', () => {
    for (const { path, leaf } of leaves) {
      const other = otherThanDefault(leaf)
      if (other === null || path[0] === 'collectors') continue
      const { config, problems } = loadText(GOOD, { environment: { [variableOf(path)]: String(other) } })
      if (config === null)
        expect(problems.map(({ message }) => message).join(), path.join('.')).toMatch(/expected (at|less)/)
      else expect(at(config, path), path.join('.')).toBe(other)
    }
  })

  it('has the defaults of today', () => {
    expect(defaultConfig()).toMatchObject({
      warehouse: { directory: 'warehouse' },
      journal: {
        compression: 'none',
        flushEveryMs: 40,
        flushBytes: 262_144,
        retention: { days: 7, bytes: 20e9 },
      },
      images: { derivedEveryMs: 100, derivedLevels: 20, checkpointEveryMs: 60_000, depthCap: 2000 },
      parquet: { compression: 'zstd', rowGroupRows: 131_072, rowGroupBytes: 64 * 2 ** 20, targetMb: 128 },
      seal: { everyMs: 30_000, rows: 500_000, bytes: 256 * 2 ** 20 },
      commit: { everyMs: 10_000 },
      threads: 1,
      metrics: { enabled: false, host: '127.0.0.1' },
      ingest: {
        answerWithinMs: 10_000,
        deadAfterMs: 30_000,
        rotateBeforeMs: { min: 300_000, max: 1_800_000 },
      },
      backoff: { firstMs: 1000, maxMs: 60_000, jitter: 0.25 },
      channels: {
        defaults: { rawCap: 8192, rawBytes: 8 * 1024 * 1024, normCap: 8192, bufferInboxCap: 2048 },
      },
      sharding: { totalShards: 1024, replicaIndex: 0, replicaCount: 1, egressPool: [] },
    })
  })
})

function otherThanDefault({ form, default: value }: Leaf<LeafValue>): LeafValue {
  if (form.kind === 'flag') return value !== true
  if (form.kind === 'choice') return form.values.find((choice) => choice !== value) ?? null
  return 'min' in form ? (value === form.max ? form.min : form.max) : null
}

function at(value: unknown, path: readonly string[]): unknown {
  return path.reduce((inside, name) => (inside as Record<string, unknown>)[camelOf(name)], value)
}
