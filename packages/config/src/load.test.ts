// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of configuration are written so.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { loadConfig } from './load.ts'
import { problemText } from './place.ts'
import { facts } from './testing/facts.ts'
import { GOOD, loadText, problemsOf } from './testing/load-text.ts'

describe('where a value comes from', () => {
  const key = 'journal.retention.days'
  const file = `${GOOD}journal: { retention: { days: 5 } }\n`
  const environment = { CRYPTOFLOW_JOURNAL__RETENTION__DAYS: '4' }
  const flags = { 'journal.retention.days': '3' }

  it('is a flag, then the environment, then the file, then the default', () => {
    const days = (...args: Parameters<typeof loadText>) => {
      const { config, sources } = loadText(...args)
      return [config?.journal.retention.days, sources.get(key)?.origin]
    }
    expect(days(file, { environment, flags })).toEqual([3, 'flag'])
    expect(days(file, { environment })).toEqual([4, 'environment'])
    expect(days(file)).toEqual([5, 'file'])
    expect(days(GOOD)).toEqual([7, 'default'])
  })

  it('is known by file, line and column, with its variables', () => {
    const { sources } = loadText(`${GOOD}metrics:\n  port: \${PORT:-9100}\n`, {
      environment: { PORT: '9200' },
    })
    expect(sources.get('metrics.port')).toMatchObject({
      origin: 'file',
      file: 'a.yaml',
      line: 5,
      column: 9,
      variables: ['PORT'],
    })
  })

  it('needs no file at all', () => {
    const { config, problems } = loadText(null, {
      flags: { exchange: 'binance', streams: 'ticks, spot_delta', symbols: 'BTCUSDT,ETHUSDT' },
    })
    expect(problems).toEqual([])
    expect(config?.collectors).toEqual([
      expect.objectContaining({
        exchange: 'binance',
        market: 'spot',
        streams: ['ticks', 'spot_delta'],
        symbols: ['BTCUSDT', 'ETHUSDT'],
      }),
    ])
  })

  it('is not an empty variable, nor one of somebody else', () => {
    const { config, problems } = loadText(file, {
      environment: { CRYPTOFLOW_JOURNAL__RETENTION__DAYS: '', CRYPTOFLOW_CAPTURES: '/x', OTHER: 'y' },
    })
    expect(problems).toEqual([])
    expect(config?.journal.retention.days).toBe(5)
  })

  it('is told when a variable with two underscores sets nothing that there is', () => {
    expect(problemsOf(GOOD, { environment: { CRYPTOFLOW_ELSEWHERE__DAYS: '5' } })).toEqual([
      'CRYPTOFLOW_ELSEWHERE__DAYS: elsewhere: expected a known key, got "elsewhere"',
    ])
  })

  it('reads a variable in the file as what the key takes, quoted or not', () => {
    const text = `${GOOD}threads: \${T}\nmetrics: { enabled: "\${E}", port: "\${P:-1}" }\njournal: { retention: { bytes: "\${B}" } }\nlog: { file: "\${F}" }\ningest: { rotate_before_ms: "\${F}" }`
    const { config, problems } = loadText(text, { environment: { T: '0', E: 'true', B: '3GB', F: 'null' } })
    expect(problems).toEqual([])
    expect(config).toMatchObject({
      threads: 0,
      metrics: { enabled: true, port: 1 },
      journal: { retention: { bytes: 3e9 } },
      log: { file: null },
      ingest: { rotateBeforeMs: null },
    })
    expect(problemsOf(`${GOOD}threads: "0"`)).toEqual([
      'a.yaml:4:10: threads: expected a whole number, 0 to 1, got "0"',
    ])
  })

  it('reaches into lists and the names of maps, and makes what is not there', () => {
    const { config, problems } = loadText(null, {
      environment: {
        CRYPTOFLOW_COLLECTORS__0__EXCHANGE: 'binance',
        CRYPTOFLOW_COLLECTORS__0__SYMBOLS: 'BTCUSDT',
        CRYPTOFLOW_CHANNELS__OVERRIDES__BINANCE__SPOT_DELTA__RAW_CAP: '5',
      },
      flags: {
        'collectors[0].poll_every_ms.exchangeInfo': '1000',
        'collectors.0.expect_within_ms.trade': 'null',
      },
    })
    expect(problems).toEqual([])
    expect(config?.channels.overrides.binance?.spot_delta).toEqual({
      rawCap: 5,
      rawBytes: null,
      normCap: null,
      bufferInboxCap: null,
    })
    expect({ ...config?.collectors[0]?.pollEveryMs }).toEqual({ exchangeInfo: 1000 })
    expect({ ...config?.collectors[0]?.expectWithinMs }).toEqual({ trade: null })
  })
})

describe('the form of a single collector', () => {
  it('is the one of the layout: exchange, stream, symbols, channels, sharding, parquet, s3tables', () => {
    const text = `
exchange: binance
stream: spot_delta
symbols: [BTCUSDT, ETHUSDT, SOLUSDT, BNBUSDT, XRPUSDT]

channels:
  defaults: { raw_cap: 8192, norm_cap: 8192, buffer_inbox_cap: 2048 }
  overrides:
    binance:
      spot_delta: { raw_cap: 32768, norm_cap: 32768, buffer_inbox_cap: 8192 }

sharding:
  total_shards: 1024
  replica_index: 0
  replica_count: 4
  egress_pool: [10.0.1.101, 10.0.1.102, 10.0.2.101, 10.0.2.102]
  per_shard_ip_override: { "413": 10.0.1.102 }

parquet: { target_mb: 128, flush_interval_ms: 5000 }

s3tables:
  bucket: cryptoflow-tables-prod
  namespace: cryptoflow
  table: spot_orderbook_delta
  rest_endpoint: https://s3tables.example.org/iceberg
`
    const { config, problems, warnings } = loadText(text)
    expect(problems).toEqual([])
    expect(config?.collectors[0]).toMatchObject({ market: 'spot', streams: ['spot_delta'] })
    expect(config?.sharding.perShardIpOverride['413']).toBe('10.0.1.102')
    expect(config?.parquet.flushIntervalMs).toBe(5000)
    expect(warnings.map(({ key }) => key)).toEqual([
      'channels.defaults.norm_cap',
      'channels.defaults.buffer_inbox_cap',
      'channels.overrides.binance.spot_delta.norm_cap',
      'channels.overrides.binance.spot_delta.buffer_inbox_cap',
      'sharding',
      's3tables',
    ])
  })

  it('is told by its own keys', () => {
    expect(problemsOf('exchange: binance\nsymbols: [BTC USDT]')).toEqual([
      expect.stringMatching(/^a\.yaml:2:11: symbols\[0\]: /),
    ])
  })

  it('cannot be mixed with `collectors`, and `stream` not with `streams`', () => {
    expect(problemsOf(`${GOOD}collectors: [{ exchange: binance, symbols: [BTCUSDT] }]`)).toEqual([
      expect.stringMatching(/^a\.yaml:1:1: exchange: expected either `collectors` or .*, got both$/),
    ])
    expect(problemsOf(`${GOOD}streams: [ticks]`)).toEqual([
      expect.stringContaining('expected either `stream` or `streams`, got both'),
    ])
  })

  it('on the command line means the only collector, and nothing where there are several', () => {
    const one = 'collectors: [{ exchange: binance, market: spot, symbols: [BTCUSDT] }]'
    expect(loadText(one, { flags: { symbols: 'ETHUSDT' } }).config?.collectors[0]?.symbols).toEqual([
      'ETHUSDT',
    ])
    expect(
      loadText(one, { environment: { CRYPTOFLOW_STREAM: 'ticks' } }).config?.collectors[0]?.streams,
    ).toEqual(['ticks'])
    const two =
      'collectors: [{ exchange: binance, symbols: [A] }, { exchange: binance, market: linear, symbols: [A] }]'
    expect(problemsOf(two, { flags: { symbols: 'ETHUSDT' } })).toEqual([
      '--symbols: symbols: expected a key of one of the 2 collectors (collectors[0].symbols), got one of all',
    ])
  })
})

describe('a loaded configuration', () => {
  it('is frozen all the way down', () => {
    const { config } = loadText(`${GOOD}channels: { overrides: { binance: { spot_delta: { raw_cap: 5 } } } }`)
    const thawed: unknown[] = []
    const visit = (value: unknown): void => {
      if (typeof value !== 'object' || value === null) return
      if (!Object.isFrozen(value)) thawed.push(value)
      Object.values(value).forEach(visit)
    }
    visit(config)
    expect(config).not.toBeNull()
    expect(thawed).toEqual([])
  })

  it('has maps that hold names like `constructor` and nothing else', () => {
    const { config } = loadText(GOOD)
    expect(config?.channels.overrides.constructor).toBeUndefined()
    expect(Object.getPrototypeOf(config?.collectors[0]?.paths)).toBeNull()
  })

  it('carries on the problems of reading', () => {
    const problem = { file: '.env', line: 2, column: 1, key: '', message: 'expected KEY=VALUE' }
    const { config, problems } = loadConfig({
      file: { name: 'a.yaml', text: GOOD },
      environment: [],
      flags: [],
      facts,
      problems: [problem],
    })
    expect(config).toBeNull()
    expect(problems.map(problemText)).toEqual(['.env:2:1: expected KEY=VALUE'])
  })

  it('is null exactly when there are problems, whatever is written; nothing ever throws', () => {
    const word = fc.constantFrom(
      'exchange',
      'collectors',
      'symbols',
      'journal',
      'retention',
      'null',
      '1',
      '[',
      ']',
      '{',
      '}',
      ':',
      '-',
      ',',
      '"',
      '&a',
      '*a',
      '${A}',
      '\n',
      '\n  ',
      ' ',
      '__proto__',
      '!',
      '|',
      '?',
      '#',
      'binance',
    )
    const text = fc.array(word, { maxLength: 40 }).map((words) => words.join(' '))
    const keys = fc.constantFrom(
      'CRYPTOFLOW_JOURNAL',
      'CRYPTOFLOW_JOURNAL__RETENTION',
      'CRYPTOFLOW_COLLECTORS__0',
      'CRYPTOFLOW_COLLECTORS__X',
      'CRYPTOFLOW___',
      'CRYPTOFLOW_PATHS____PROTO__',
      'CRYPTOFLOW_SYMBOLS',
    )
    fc.assert(
      fc.property(text, fc.dictionary(keys, fc.string(), { maxKeys: 3 }), (file, environment) => {
        const { config, problems } = loadText(file, { environment })
        expect(config === null).toBe(problems.length > 0)
        for (const problem of problems) expect(problemText(problem)).toMatch(/expected|and \d+ more/)
      }),
      { seed: 7, numRuns: 1500 },
    )
  })
})
