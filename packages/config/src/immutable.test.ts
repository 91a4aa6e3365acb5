import { describe, expect, it } from 'vitest'
import { checkImmutable, immutableValues } from './immutable.ts'
import { GOOD, loadText } from './testing/load-text.ts'

describe('values that may not change', () => {
  const { config } = loadText(GOOD)
  const other = loadText(`${GOOD}sharding: { total_shards: 2048 }`)

  it('are remembered as plain JSON', () => {
    expect(config && JSON.parse(JSON.stringify(immutableValues(config)))).toEqual({
      'sharding.total_shards': 1024,
    })
  })

  it('are a problem with the reason and the place when they differ', () => {
    const remembered = config === null ? {} : immutableValues(config)
    expect(config && checkImmutable(remembered, config)).toEqual([])
    expect(other.config && checkImmutable(remembered, other.config, other.sources)).toEqual([
      {
        file: 'a.yaml',
        line: 4,
        column: 27,
        key: 'sharding.total_shards',
        message:
          'expected 1024 as when the data began, got 2048: which shard owns a symbol follows from it, and stored files and ownership already depend on it',
      },
    ])
  })

  it('may be anything where nothing was remembered', () => {
    expect(other.config && checkImmutable({}, other.config)).toEqual([])
  })
})
