import { seededChance } from '@cryptoflow/runtime'
import { describe, expect, test } from 'vitest'
import { catalogue, type MetricName, specOf } from './catalogue.ts'
import { type Metrics, openMetrics } from './metrics.ts'
import { processMetrics } from './process-metrics.ts'
import { parseScrape, sampleValue } from './scrape-support.ts'

const spot = { exchange: 'e1', market: 'spot' } as const
const trades = { ...spot, stream: 'trades' } as const

async function scraped(metrics: Metrics) {
  return parseScrape((await metrics.scrape()).text)
}

describe('a scrape', () => {
  test('shows counters, gauges and histograms to a second reader', async () => {
    const metrics = openMetrics({ perSymbol: false, process: false })
    metrics.add('reader_messages_total', spot, 3)
    metrics.add('reader_messages_total', spot)
    metrics.set('channel_depth', { channel: 'raw' }, 7)
    metrics.set('channel_depth', { channel: 'raw' }, -2)
    metrics.observe('flush_size_bytes', { table: 'ticks' }, 20_000)
    metrics.observe('flush_size_bytes', { table: 'ticks' }, 1e12)
    const { contentType } = await metrics.scrape()
    const families = await scraped(metrics)
    expect(contentType).toBe('text/plain; version=0.0.4; charset=utf-8')
    expect(families.get('reader_messages_total')?.type).toBe('counter')
    expect(families.get('reader_messages_total')?.help).toBe(catalogue.reader_messages_total.help)
    expect(sampleValue(families, 'reader_messages_total', spot)).toBe(4)
    expect(sampleValue(families, 'channel_depth', { channel: 'raw' })).toBe(-2)
    const bucket = (le: string) => sampleValue(families, 'flush_size_bytes_bucket', { table: 'ticks', le })
    expect([bucket('16384'), bucket('65536'), bucket('536870912'), bucket('+Inf')]).toEqual([0, 1, 1, 2])
    expect(sampleValue(families, 'flush_size_bytes_sum', { table: 'ticks' })).toBe(1e12 + 20_000)
    expect(sampleValue(families, 'flush_size_bytes_count', { table: 'ticks' })).toBe(2)
  })

  test('shows a metric from its first value on, a 0 included', async () => {
    const metrics = openMetrics({ perSymbol: false, process: false })
    expect([...(await scraped(metrics)).keys()]).toEqual([])
    metrics.add('drops_total', { channel: 'raw', policy: 'sample' }, 0)
    expect(sampleValue(await scraped(metrics), 'drops_total', { channel: 'raw', policy: 'sample' })).toBe(0)
  })

  test('takes every metric of the catalogue with the labels that the catalogue names', async () => {
    const metrics = openMetrics({ perSymbol: true, process: false })
    for (const name of Object.keys(catalogue) as MetricName[]) {
      const spec = specOf(name)
      const labels = Object.fromEntries([...spec.labels, 'symbol'].map((label) => [label, 'x'])) as never
      if (spec.type === 'counter') metrics.add(name as 'rows_total', labels)
      else if (spec.type === 'gauge') metrics.set(name as 'channel_depth', labels, 1)
      else metrics.observe(name as 'flush_size_bytes', labels, 1)
    }
    const families = await scraped(metrics)
    expect([...families.keys()].sort()).toEqual(Object.keys(catalogue).sort())
    for (const [name, { type, samples }] of families) {
      const spec = specOf(name as MetricName)
      expect(type).toBe(spec.type)
      const expected = spec.symbol === true ? [...spec.labels, 'symbol'] : [...spec.labels]
      const found = Object.keys(samples[0]?.labels ?? {}).filter((label) => label !== 'le')
      expect(found.sort(), name).toEqual(expected.sort())
    }
  })

  test('shows the process with the names that the page of metrics has', async () => {
    const families = await scraped(openMetrics({ perSymbol: false }))
    for (const name of families.keys()) expect(processMetrics as readonly string[]).toContain(name)
    expect(sampleValue(families, 'process_resident_memory_bytes', {})).toBeGreaterThan(1e6)
    expect(families.has('nodejs_eventloop_lag_p99_seconds')).toBe(true)
  })

  test('belongs to one set of metrics only', async () => {
    openMetrics({ perSymbol: false, process: false }).add('journal_records_total', {}, 5)
    const other = openMetrics({ perSymbol: false, process: false })
    expect([...(await scraped(other)).keys()]).toEqual([])
  })
})

describe('symbols', () => {
  test('have no series unless asked for', async () => {
    const metrics = openMetrics({ perSymbol: false, process: false })
    metrics.add('collector_messages_received_total', { ...trades, symbol: 'A' })
    metrics.add('collector_messages_received_total', { ...trades, symbol: 'B' })
    const families = await scraped(metrics)
    expect(families.get('collector_messages_received_total')?.samples).toHaveLength(1)
    expect(sampleValue(families, 'collector_messages_received_total', trades)).toBe(2)
  })

  test('have one each when asked for, and none where nobody named one', async () => {
    const metrics = openMetrics({ perSymbol: true, process: false })
    metrics.add('collector_messages_received_total', { ...trades, symbol: 'A' }, 2)
    metrics.add('collector_messages_received_total', trades)
    const families = await scraped(metrics)
    expect(sampleValue(families, 'collector_messages_received_total', { ...trades, symbol: 'A' })).toBe(2)
    expect(sampleValue(families, 'collector_messages_received_total', { ...trades, symbol: 'none' })).toBe(1)
  })

  test('from a hostile exchange stay on one line, apart from each other, and readable', async () => {
    const hostile = [
      'A\nforged_total 1',
      'A"} 5',
      'A\\nB',
      'A\u001b[31mB',
      'A\u202eB',
      'A\0B',
      'A,stream:x',
      '../../etc/passwd',
      '__proto__',
      'constructor',
      '测试USDT',
      'A\u2028B',
      'A\ud800B',
      'A\\u002cstream:x',
    ]
    const metrics = openMetrics({ perSymbol: true, process: false })
    for (const symbol of hostile) metrics.add('collector_messages_received_total', { ...trades, symbol })
    const { text } = await metrics.scrape()
    const samples = parseScrape(text).get('collector_messages_received_total')?.samples ?? []
    expect(samples.map(({ value }) => value)).toEqual(hostile.map(() => 1))
    expect(text).toMatch(/^[^\p{C}\p{Zl}\p{Zp}]*$/mu)
    expect(text.replaceAll('\n', '')).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u)
    expect(text).toContain('symbol="测试USDT"')
    expect(text).toContain('symbol="A\\\\u000aforged_total 1"')
  })

  test('never share a series because their texts run into each other', async () => {
    const metrics = openMetrics({ perSymbol: true, process: false })
    metrics.add('collector_messages_received_total', { ...spot, stream: 's', symbol: 'x' }, 1)
    metrics.add('collector_messages_received_total', { ...spot, stream: 's,symbol:x', symbol: '' }, 10)
    const chance = seededChance(7)
    const piece = () => ['a', ',', ':', 'symbol', '\\', 'stream:', '\0'][chance.below(7)] as string
    const expected = new Map<string, number>()
    for (let i = 0; i < 300; i++) {
      const [stream, symbol] = [piece() + piece() + piece(), `z${piece()}${piece()}`]
      const key = JSON.stringify([stream, symbol])
      expected.set(key, (expected.get(key) ?? 0) + 1)
      metrics.add('collector_messages_received_total', { ...spot, stream, symbol })
    }
    const samples = (await scraped(metrics)).get('collector_messages_received_total')?.samples ?? []
    expect(samples.map(({ value }) => value).sort()).toEqual([...expected.values(), 1, 10].sort())
  })
})

describe('the bound of series', () => {
  test('counts later symbols as other, keeps the first ones, and tells how much was folded', async () => {
    const metrics = openMetrics({ perSymbol: true, process: false, seriesMax: 3 })
    for (let i = 0; i < 50; i++)
      metrics.add('collector_messages_received_total', { ...trades, symbol: `S${i}` }, 2)
    metrics.add('collector_messages_received_total', { ...trades, symbol: 'S1' })
    const families = await scraped(metrics)
    const samples = families.get('collector_messages_received_total')?.samples ?? []
    expect(samples).toHaveLength(4)
    expect(sampleValue(families, 'collector_messages_received_total', { ...trades, symbol: 'S1' })).toBe(3)
    expect(sampleValue(families, 'collector_messages_received_total', { ...trades, symbol: 'other' })).toBe(
      94,
    )
    const folded = { metric: 'collector_messages_received_total' }
    expect(sampleValue(families, 'telemetry_series_folded_total', folded)).toBe(47)
  })

  test('holds when every label is different, and loses no count', async () => {
    const metrics = openMetrics({ perSymbol: true, process: false, seriesMax: 3 })
    for (let i = 0; i < 2000; i++) {
      const text = `x${i}`
      const labels = { exchange: text, market: text, stream: text, symbol: text }
      metrics.add('collector_messages_received_total', labels)
    }
    const families = await scraped(metrics)
    const samples = families.get('collector_messages_received_total')?.samples ?? []
    expect(samples.length).toBe(3 + 256 + 1)
    expect(samples.reduce((sum, { value }) => sum + value, 0)).toBe(2000)
    const other = { exchange: 'other', market: 'other', stream: 'other', symbol: 'other' }
    expect(sampleValue(families, 'collector_messages_received_total', other)).toBe(2000 - 3 - 256)
  })

  test('counts the buckets of a histogram', async () => {
    const metrics = openMetrics({ perSymbol: false, process: false, seriesMax: 28 })
    for (let i = 0; i < 9; i++) metrics.observe('flush_size_bytes', { table: `t${i}` }, 1)
    const samples = (await scraped(metrics)).get('flush_size_bytes')?.samples ?? []
    expect(samples).toHaveLength((2 + 1) * 14)
    expect(samples.filter(({ name }) => name === 'flush_size_bytes_count').map(({ value }) => value)).toEqual(
      [1, 1, 7],
    )
  })

  test('tells label sets apart whose texts run into each other', async () => {
    const metrics = openMetrics({ perSymbol: false, process: false, seriesMax: 2 })
    for (const [channel, policy] of [
      ['ab', 'c'],
      ['a', 'bc'],
      ['abc', ''],
    ] as const) {
      metrics.add('drops_total', { channel, policy })
    }
    const samples = (await scraped(metrics)).get('drops_total')?.samples ?? []
    expect(samples.map(({ labels }) => `${labels.channel} ${labels.policy}`)).toEqual([
      'ab c',
      'a bc',
      'other other',
    ])
  })

  test('leaves gauges out, as one number for several things is none of theirs', async () => {
    const metrics = openMetrics({ perSymbol: false, process: false, seriesMax: 1 })
    metrics.set('channel_depth', { channel: 'a' }, 1)
    metrics.set('channel_depth', { channel: 'b' }, 2)
    const families = await scraped(metrics)
    expect(families.get('channel_depth')?.samples).toHaveLength(1)
    expect(sampleValue(families, 'telemetry_series_folded_total', { metric: 'channel_depth' })).toBe(1)
  })
})

describe('values that cannot be', () => {
  test('are refused and counted, and never thrown', async () => {
    const metrics = openMetrics({ perSymbol: false, process: false })
    metrics.add('journal_records_total', {}, 5)
    metrics.add('journal_records_total', {}, -1)
    metrics.add('journal_records_total', {}, Number.NaN)
    metrics.set('lane_lag_seconds', {}, Number.POSITIVE_INFINITY)
    metrics.observe('journal_fsync_duration_seconds', {}, Number.NaN)
    const families = await scraped(metrics)
    const refused = (metric: string) => sampleValue(families, 'telemetry_values_refused_total', { metric })
    expect(sampleValue(families, 'journal_records_total', {})).toBe(5)
    expect(refused('journal_records_total')).toBe(2)
    expect(refused('lane_lag_seconds')).toBe(1)
    expect(refused('journal_fsync_duration_seconds')).toBe(1)
  })

  test('a latency below 0 counts as 0, so that the sum never falls', async () => {
    const metrics = openMetrics({ perSymbol: false, process: false })
    metrics.observe('collector_latency_exchange_to_collector_ms', trades, -40)
    metrics.observe('collector_latency_exchange_to_collector_ms', trades, 3)
    const families = await scraped(metrics)
    expect(sampleValue(families, 'collector_latency_exchange_to_collector_ms_sum', trades)).toBe(3)
    expect(sampleValue(families, 'collector_latency_exchange_to_collector_ms_count', trades)).toBe(2)
    const refused = { metric: 'collector_latency_exchange_to_collector_ms' }
    expect(sampleValue(families, 'telemetry_values_refused_total', refused)).toBe(1)
  })
})

describe('followed sources', () => {
  test('are read at each scrape, and a total that fell began again at 0', async () => {
    const metrics = openMetrics({ perSymbol: false, process: false })
    let total = 5
    let depth = 1
    metrics.follow('reader_bytes_total', spot, () => total)
    metrics.follow('channel_depth', { channel: 'raw' }, () => depth)
    const bytes = async () => sampleValue(await scraped(metrics), 'reader_bytes_total', spot)
    expect(await bytes()).toBe(5)
    total = 12
    depth = 0
    expect(await bytes()).toBe(12)
    expect(sampleValue(await scraped(metrics), 'channel_depth', { channel: 'raw' })).toBe(0)
    total = 4
    expect(await bytes()).toBe(16)
  })

  test('add up when two feed one series, and are read a last time when they end', async () => {
    const metrics = openMetrics({ perSymbol: false, process: false })
    let first = 1
    const end = metrics.follow('reader_bytes_total', spot, () => first)
    metrics.follow('reader_bytes_total', spot, () => 100)
    first = 9
    end()
    end()
    first = 1000
    expect(sampleValue(await scraped(metrics), 'reader_bytes_total', spot)).toBe(109)
  })

  test('that throw are counted and harm nobody else', async () => {
    const metrics = openMetrics({ perSymbol: false, process: false })
    metrics.follow('reader_bytes_total', spot, () => {
      throw new Error('closed')
    })
    metrics.follow('journal_bytes_total', {}, () => 3)
    const families = await scraped(metrics)
    expect(sampleValue(families, 'journal_bytes_total', {})).toBe(3)
    expect(
      sampleValue(families, 'telemetry_values_refused_total', { metric: 'reader_bytes_total' }),
    ).toBeGreaterThan(0)
  })
})

test('sums are over all series, and of histograms the count', async () => {
  const metrics = openMetrics({ perSymbol: false, process: false })
  metrics.set('collector_websocket_connected', spot, 2)
  metrics.set('collector_websocket_connected', { ...spot, market: 'linear' }, 3)
  metrics.observe('flush_size_bytes', { table: 'a' }, 1)
  metrics.observe('flush_size_bytes', { table: 'b' }, 1)
  expect(Object.fromEntries(await metrics.sums())).toEqual({
    collector_websocket_connected: 5,
    flush_size_bytes_count: 2,
  })
})

test('scrapes at the same time share one reading', async () => {
  const metrics = openMetrics({ perSymbol: false, process: false })
  let reads = 0
  metrics.follow('channel_depth', { channel: 'raw' }, () => ++reads)
  const before = reads
  const all = await Promise.all([metrics.scrape(), metrics.scrape(), metrics.scrape()])
  expect(reads).toBe(before + 1)
  expect(new Set(all.map(({ text }) => text)).size).toBe(1)
})

test('the compiler refuses names, labels and kinds that the catalogue does not have', () => {
  const metrics = openMetrics({ perSymbol: false, process: false })
  const refused = [
    // @ts-expect-error: no such metric.
    () => metrics.add('row_total', { table: 'x' }),
    // @ts-expect-error: the label is missing.
    () => metrics.add('rows_total', {}),
    // @ts-expect-error: a label that the metric does not have.
    () => metrics.add('rows_total', { table: 'x', symbol: 'y' }),
    // @ts-expect-error: a counter is not set.
    () => metrics.set('rows_total', { table: 'x' }, 1),
  ]
  expect(refused[0]).toThrow('the catalogue has the metric row_total')
})
