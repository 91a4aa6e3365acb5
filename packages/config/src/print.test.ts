// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of configuration are written so.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { printConfig } from './print.ts'
import { GOOD, loadText } from './testing/load-text.ts'

function printed(...args: Parameters<typeof loadText>): string {
  const { config, sources } = loadText(...args)
  if (config === null) throw new Error('the text is right')
  return printConfig(config, sources)
}

describe('printed values', () => {
  it('stand with where each is from', () => {
    const text = printed(`${GOOD}journal:\n  retention: { bytes: 30GB }\nmetrics: { port: "\${PORT}" }`, {
      environment: { PORT: '9200', CRYPTOFLOW_SEAL__ROWS: '7' },
      flags: { threads: '0' },
    })
    const lines = text.split('\n')
    expect(lines).toEqual(
      expect.arrayContaining([
        '  - exchange: binance  # a.yaml:1:11',
        '    market: spot  # default',
        '    bytes: 30GB  # a.yaml:5:23',
        '    days: 7  # default',
        '  rows: 7  # environment CRYPTOFLOW_SEAL__ROWS',
        '  port: 9200  # a.yaml:6:18 with ${PORT}',
        'threads: 0  # flag --threads',
      ]),
    )
  })

  it('load to the same configuration', () => {
    const odd = fc.constantFrom(
      'true',
      'null',
      '1e5',
      '${A}',
      '$${A}',
      ' a',
      'a #b',
      "it's",
      '"',
      '\\',
      'a: b',
      '测试',
      '-',
      'x'.repeat(300),
    )
    const value = fc.record({
      symbols: fc.uniqueArray(fc.stringMatching(/^[A-Z0-9_]{1,12}$/), { minLength: 1, maxLength: 60 }),
      directory: fc.oneof(odd, fc.stringMatching(/^[ -~]+$/)),
      bytes: fc.integer({ min: 64 * 1024 * 1024, max: 1e15 }),
      jitter: fc.double({ min: 0, max: 1, noNaN: true }),
      rotate: fc.boolean(),
      expect: fc.dictionary(
        fc.constantFrom('trade', 'depth@100ms'),
        fc.option(fc.integer({ min: 1000, max: 5000 })),
      ),
      raw: fc.integer({ min: 1, max: 1000 }),
    })
    fc.assert(
      fc.property(value, (given) => {
        const file = JSON.stringify({
          collectors: [
            {
              exchange: 'binance',
              symbols: given.symbols,
              streams: ['trade', 'depth@100ms'],
              expect_within_ms: given.expect,
            },
            { exchange: 'binance', market: 'linear', symbols: given.symbols },
          ],
          warehouse: { directory: given.directory.replaceAll('${', () => '$${') },
          journal: { retention: { bytes: given.bytes } },
          backoff: { jitter: given.jitter },
          ...(given.rotate ? {} : { ingest: { rotate_before_ms: null } }),
          channels: { overrides: { binance: { ticks: { raw_cap: given.raw } } } },
          sharding: { egress_pool: ['::1'], per_shard_ip_override: { 7: '::1' } },
        })
        const first = loadText(file)
        expect(first.problems).toEqual([])
        expect(first.config?.warehouse.directory).toBe(given.directory)
        const again = loadText(printed(file))
        expect(again.problems).toEqual([])
        expect(again.config).toEqual(first.config)
      }),
      { seed: 3, numRuns: 150 },
    )
  })

  it('hide what came out of a secret variable', () => {
    const text = printed(`${GOOD}warehouse: { directory: "/data/\${MY_SECRET}" }`, {
      environment: { MY_SECRET: 'hunter2' },
    })
    expect(text).toContain('directory: "***"  # a.yaml:4:25 with ${MY_SECRET}')
    expect(text).not.toContain('hunter2')
  })

  it('show hidden characters of a file’s name as what they are', () => {
    const text = printed(GOOD, { flags: { 'warehouse.directory': 'a\u00a0b' } })
    expect(text).toContain('directory: "a\u00a0b"  # flag --warehouse.directory')
  })
})
