import { describe, expect, it } from 'vitest'
import { nodesOf } from './declaration.ts'
import { explain } from './explain.ts'

describe('an explanation', () => {
  it('says what a key means and takes, its default, its variable and who uses it', () => {
    expect(explain('journal.retention.bytes').text).toBe(
      [
        'journal.retention.bytes',
        '  Bytes of all segments together.',
        '  takes bytes, 0 to 1000TB; default 20GB',
        '  variable CRYPTOFLOW_JOURNAL__RETENTION__BYTES',
        '  used by journal',
      ].join('\n'),
    )
  })

  it('says of keys that nothing uses that nothing uses them, and what holds instead', () => {
    for (const key of ['channels.defaults.norm_cap', 'sharding.egress_pool', 's3tables.bucket']) {
      expect(explain(key).text, key).toMatch(/^ {2}not used yet: .+\.$/m)
    }
    expect(explain('parquet.compression').text).toContain('used by sink')
  })

  it('says why a value may never change', () => {
    expect(explain('sharding.total_shards').text).toMatch(/never changes once data are stored: .*ownership/)
  })

  it('knows keys by index, without one, by names that users choose, and in the single form', () => {
    const symbols = explain('symbols').text.split('\n').slice(1, 3)
    expect(explain('collectors[3].symbols').text).toContain(symbols.join('\n'))
    expect(explain('collectors.symbols').text).toContain(symbols.join('\n'))
    expect(explain('channels.overrides.binance.spot_delta.raw_cap').isKnown).toBe(true)
    expect(explain('collectors[0].expect_within_ms."a.50"').text).not.toContain('variable')
  })

  it('lists the keys of a section, and all of them', () => {
    expect(explain('ingest').text).toContain('\n  ingest.stale_after_ms: ')
    expect(explain('').text).toContain('  journal: ')
    expect(explain('').text).toContain('  stream: ')
  })

  it('is there for every key', () => {
    for (const { path } of nodesOf()) {
      if (path.length === 0 || path.includes('*')) continue
      const { isKnown, text } = explain(path.join('.'))
      expect(isKnown, path.join('.')).toBe(true)
      expect(text).toMatch(/^ {2}(used by \w+|not used yet)/m)
    }
  })

  it('of a key that is none names the nearest', () => {
    expect(explain('journal.retenton.days')).toEqual({
      isKnown: false,
      text: 'there is no key "journal.retenton.days"; did you mean "journal.retention.days"?',
    })
    expect(explain('a..b').isKnown).toBe(false)
    expect(explain('journal.__proto__').isKnown).toBe(false)
  })
})
