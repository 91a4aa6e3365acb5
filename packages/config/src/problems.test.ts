// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of configuration are written so.
import { describe, expect, it } from 'vitest'
import { GOOD, loadText, problemsOf } from './testing/load-text.ts'

describe('what is wrong', () => {
  it('is told all at once, in reading order, with places, keys and what was meant', () => {
    const text = `exchange: binanse
symbols: [BTCUSDT, BTCUSDT, 5]
journal:
  retention: { days: -1, bytez: 1 }
  compression: zst
compression: zstd
threads: 2
log: [1]
metrics: { port: "\${NOPE}", host: 5 }
`
    const around = {
      environment: { CRYPTOFLOW_SEAL__EVRY_MS: '5', CRYPTOFLOW_THREDS: '1' },
      flags: { 'commit.every_ms': 'x', 'a..b': '1' },
    }
    expect(problemsOf(text, around)).toEqual([
      'a.yaml:1:11: exchange: expected a known exchange, got "binanse"; did you mean "binance"?',
      'a.yaml:2:20: symbols[1]: expected each once, got "BTCUSDT" again (first as [0])',
      'a.yaml:2:29: symbols[2]: expected a symbol as the exchange writes it, without blanks and commas, got 5',
      'a.yaml:4:22: journal.retention.days: expected a whole number, 0 to 36500, got -1',
      'a.yaml:4:26: journal.retention.bytez: expected a known key, got "bytez"; did you mean "bytes"?',
      'a.yaml:5:16: journal.compression: expected one of "none", "zstd", got "zst"; did you mean "zstd"?',
      'a.yaml:6:1: compression: expected a known key, got "compression"; did you mean "journal.compression" or "parquet.compression"?',
      'a.yaml:7:10: threads: expected a whole number, 0 to 1, got 2',
      'a.yaml:8:6: log: expected keys and their values, got a list',
      'a.yaml:9:18: metrics.port: expected a variable NOPE in the environment, got none',
      'a.yaml:9:35: metrics.host: expected a host name or an IP address, got 5',
      'CRYPTOFLOW_SEAL__EVRY_MS: seal.evry_ms: expected a known key, got "evry_ms"; did you mean "every_ms"?',
      'CRYPTOFLOW_THREDS: threds: expected a known key, got "threds"; did you mean "threads"?',
      '--a..b: "a..b": expected a key like journal.retention.days, got something else',
      '--commit.every_ms: commit.every_ms: expected a whole number, 10 to 3600000, got "x"',
    ])
    expect(loadText(text, around).config).toBeNull()
  })

  it('is told where it stands, behind others that are wrong too', () => {
    expect(problemsOf('exchange: binance\nsymbols: [5, A, btcusdt]\nsymbls: [A]')).toEqual([
      expect.stringMatching(/^a\.yaml:2:11: symbols\[0\]: /),
      expect.stringMatching(/^a\.yaml:2:17: symbols: .*"btcusdt"; did you mean "BTCUSDT"\?$/),
      'a.yaml:3:1: symbls: expected a known key, got "symbls"; did you mean "symbols"?',
    ])
    expect(problemsOf('exchange: binance\ncollectors: [{ exchange: binanse, symbols: [A] }]')).toEqual([
      expect.stringContaining('got both'),
      expect.stringMatching(/^a\.yaml:2:26: collectors\[0\]\.exchange: /),
    ])
  })

  it('is an empty list, a missing exchange, no collector at all', () => {
    expect(problemsOf('collectors: []')).toEqual([
      'a.yaml:1:13: collectors: expected a list of at least 1, got an empty list',
    ])
    expect(problemsOf('threads: 1')).toEqual([
      'a.yaml:1:1: collectors: expected at least one collector, got none',
    ])
    expect(problemsOf(null)).toEqual(['flags: collectors: expected at least one collector, got none'])
    // Whoever only commits collects nothing.
    expect(problemsOf('threads: 1', { isCollecting: false })).toEqual([])
    expect(problemsOf('collectors: [{ symbols: [A] }]')).toEqual([
      expect.stringMatching(/^a\.yaml:1:14: collectors\[0\]\.exchange: .*, got nothing$/),
    ])
    expect(problemsOf(`${GOOD}threads: [1]`)).toEqual([
      'a.yaml:4:10: threads: expected a whole number, 0 to 1, got a list',
    ])
    expect(problemsOf(GOOD, { flags: { 'collectors.3.exchange': 'x' } })).toEqual([
      '--collectors.3.exchange: exchange: expected an index of the list or the next, 1, got 3',
    ])
  })

  it('is told within bounds', () => {
    const many = problemsOf(Array.from({ length: 5000 }, (_, i) => `k${i}: 1`).join('\n'))
    expect(many).toHaveLength(101)
    expect(many.at(-1)).toMatch(/^a\.yaml:\d+:1: and 49\d\d more from here on$/)
  })

  it('never shows a secret: not from variables, not in addresses, not in keys that do not exist', () => {
    const environment = {
      AWS_SECRET_ACCESS_KEY: 'hunter2',
      MY_TOKEN: 'hunter2,hunter2',
      CRYPTOFLOW_LOG__PASSWORD: 'hunter2',
    }
    const text = `exchange: \${MY_TOKEN}
symbols: \${MY_TOKEN}
ws_url: wss://me:hunter2@host
rest_url: https://host?key=hunter2
threads: \${AWS_SECRET_ACCESS_KEY}
secret_key: hunter2
s3tables: { rest_endpoint: "https://\${AWS_SECRET_ACCESS_KEY}@x" }
`
    const problems = problemsOf(text, { environment })
    expect(problems.length).toBeGreaterThanOrEqual(6)
    expect(problems.join('\n')).not.toContain('hunter2')
    expect(problems.join('\n')).toContain('***')
    const streams = problemsOf('exchange: binance\nstreams: ${MY_TOKEN}\nsymbols: ${API_KEY}\n', {
      environment: { MY_TOKEN: 'tiks', API_KEY: 'btcusdt' },
    })
    expect(streams).toHaveLength(2)
    expect(streams.join('\n')).not.toMatch(/tiks|did you mean|usdt/i)
  })

  it('names the secrets that a log must leave out', () => {
    const { secrets } = loadText(GOOD, {
      environment: { A_TOKEN: 'hunter2', B_SECRET: 'x', HOME: '/home/me' },
    })
    expect(secrets).toEqual(['hunter2'])
  })

  it('never lets a file speak to the terminal', () => {
    const problems = problemsOf('"\\e[31m\\u202e": 1\nexchange: "\\e[2J"\nsymbols: ["a\\u200bb"]')
    expect(problems.length).toBeGreaterThanOrEqual(3)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there.
    expect(problems.join('')).not.toMatch(/[\u0000-\u001f\u200b\u202e]/)
  })
})
