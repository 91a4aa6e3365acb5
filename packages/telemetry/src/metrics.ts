import { assert } from '@cryptoflow/model'
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import {
  type CounterName,
  catalogue,
  type GaugeName,
  type HistogramName,
  type LabelsOf,
  type MetricName,
  type MetricSpec,
  specOf,
} from './catalogue.ts'
import { labelText } from './printable.ts'
import { addProcessMetrics } from './process-metrics.ts'
import { type Labels, openSeries, type Series } from './series.ts'

/** Time series of one metric, the buckets of a histogram included: above it, a scrape is a burden for both sides. */
const SERIES_MAX = 10_000
/** Sources followed at once; they are connections, tables and threads, never symbols. */
const FOLLOWED_MAX = 10_000
/** The one metric that must not count its own folding. */
const FOLDED = 'telemetry_series_folded_total'

/** The metrics of one process. Setters never throw on a value: telemetry must not end what it watches. */
export interface Metrics {
  /** Adds to a counter; 0 makes its series visible before anything happened. */
  add<N extends CounterName>(name: N, labels: LabelsOf<N>, by?: number): void
  /** Sets a gauge. Beyond the bound of series nothing is set: one number for several things would be none of theirs. */
  set<N extends GaugeName>(name: N, labels: LabelsOf<N>, value: number): void
  /** Counts one value of a histogram, in the metric's unit; a negative one as 0. */
  observe<N extends HistogramName>(name: N, labels: LabelsOf<N>, value: number): void
  /**
   * Reads `source` at each scrape: a gauge's value, or a running total kept elsewhere, of which a counter takes
   * what was added (a total that fell began again at 0). The answer reads it once more and ends it.
   */
  follow<N extends CounterName | GaugeName>(name: N, labels: LabelsOf<N>, source: () => number): () => void
  /** What a scrape shows, in the Prometheus text format. Scrapes at the same time share one. */
  scrape(): Promise<{ readonly contentType: string; readonly text: string }>
  /** Sum over all series of each counter and gauge that has any; of histograms the count, as `<name>_count`. */
  sums(): Promise<ReadonlyMap<string, number>>
}

/** Options of `openMetrics`. */
export interface MetricsOptions {
  /** Whether counters and histograms that know symbols keep a series for each. */
  readonly perSymbol: boolean
  /** Time series per metric, default 10,000; what comes later is counted as `other`. */
  readonly seriesMax?: number
  /** Whether memory, processor and event loop are told as well; default true. */
  readonly process?: boolean
}

type Instrument =
  | { readonly type: 'counter'; readonly it: Counter }
  | { readonly type: 'gauge'; readonly it: Gauge }
  | { readonly type: 'histogram'; readonly it: Histogram }

interface Metric {
  readonly spec: MetricSpec
  readonly labelNames: readonly string[]
  readonly series: Series
  readonly instrument: Instrument
}

/**
 * Opens the metrics of one process in a registry of their own.
 *
 * A metric appears in scrapes with its first value: a process shows what it does, not what others could do.
 */
export function openMetrics({ perSymbol, seriesMax = SERIES_MAX, process = true }: MetricsOptions): Metrics {
  const registry = new Registry()
  if (process) addProcessMetrics(registry)
  const metrics = new Map<MetricName, Metric>()
  const followers = new Set<() => void>()
  let scraping: Promise<string> | null = null

  const metricOf = (name: MetricName): Metric => {
    const known = metrics.get(name)
    if (known !== undefined) return known
    assert(Object.hasOwn(catalogue, name), `the catalogue has the metric ${name}`)
    const metric = openMetric(name, registry, perSymbol, seriesMax)
    metrics.set(name, metric)
    return metric
  }
  const refuse = (name: MetricName): void => write('telemetry_values_refused_total', { metric: name }, 1)
  const write = (
    name: MetricName,
    labels: Readonly<Record<string, string | undefined>>,
    value: number,
  ): void => {
    const metric = metricOf(name)
    const { type } = metric.spec
    const isRefused = !Number.isFinite(value) || (value < 0 && type !== 'gauge')
    if (isRefused) refuse(name)
    if (!Number.isFinite(value) || (isRefused && type === 'counter')) return
    const place = metric.series.place(labelsOf(metric.labelNames, labels))
    if (place.isFolded && name !== FOLDED) write(FOLDED, { metric: name }, 1)
    if (place.isFolded && type === 'gauge') return
    put(metric.instrument, place.labels, type === 'gauge' ? value : Math.max(0, value))
  }
  const collect = (): void => {
    for (const follower of followers) follower()
  }

  return {
    add: (name, labels, by = 1) => write(name, labels, by),
    set: (name, labels, value) => write(name, labels, value),
    observe: (name, labels, value) => write(name, labels, value),
    follow(name, labels, source) {
      assert(followers.size < FOLLOWED_MAX, `at most ${FOLLOWED_MAX} sources are followed`)
      const take = specOf(name).type === 'counter' ? growth() : (value: number) => value
      const follower = (): void => {
        const value = readSource(source)
        write(name, labels, Number.isFinite(value) ? take(value) : value)
      }
      followers.add(follower)
      follower()
      return () => {
        if (followers.delete(follower)) follower()
      }
    },
    async scrape() {
      if (scraping === null) {
        collect()
        scraping = registry.metrics().finally(() => {
          scraping = null
        })
      }
      return { contentType: registry.contentType, text: await scraping }
    },
    async sums() {
      collect()
      const sums = new Map<string, number>()
      for (const [name, metric] of metrics) sums.set(...(await sumOf(name, metric)))
      return sums
    },
  }
}

function openMetric(name: MetricName, registry: Registry, perSymbol: boolean, seriesMax: number): Metric {
  const spec = specOf(name)
  const labelNames = perSymbol && spec.symbol === true ? [...spec.labels, 'symbol'] : spec.labels
  const options = { name, help: spec.help, labelNames: [...labelNames], registers: [registry] }
  const buckets = spec.buckets ?? []
  // A histogram has a series per bucket, and three more: +Inf, sum and count.
  const labelSetsMax = spec.type === 'histogram' ? Math.ceil(seriesMax / (buckets.length + 3)) : seriesMax
  const instrument = ((): Instrument => {
    switch (spec.type) {
      case 'counter':
        return { type: 'counter', it: new Counter(options) }
      case 'gauge':
        return { type: 'gauge', it: new Gauge(options) }
      case 'histogram':
        return { type: 'histogram', it: new Histogram({ ...options, buckets: [...buckets] }) }
    }
  })()
  return { spec, labelNames, series: openSeries(labelSetsMax), instrument }
}

/** In the catalogue's order, printable, and a text for each: prom-client takes what is missing for a label set too. */
function labelsOf(names: readonly string[], labels: Readonly<Record<string, string | undefined>>): Labels {
  return Object.fromEntries(names.map((name) => [name, labelText(labels[name] ?? '')]))
}

function put(instrument: Instrument, labels: Labels, value: number): void {
  switch (instrument.type) {
    case 'counter':
      instrument.it.inc(labels, value)
      break
    case 'gauge':
      instrument.it.set(labels, value)
      break
    case 'histogram':
      instrument.it.observe(labels, value)
  }
}

/** What a running total has gained since the last call. */
function growth(): (total: number) => number {
  let last = 0
  return (total) => {
    const more = total >= last ? total - last : total
    last = total
    return more
  }
}

function readSource(source: () => number): number {
  try {
    return source()
  } catch {
    return Number.NaN
  }
}

async function sumOf(name: MetricName, { instrument }: Metric): Promise<[string, number]> {
  if (instrument.type === 'histogram') {
    const { values } = await instrument.it.get()
    const counts = values.filter((value) => value.metricName === `${name}_count`)
    return [`${name}_count`, counts.reduce((sum, { value }) => sum + value, 0)]
  }
  const { values } = await instrument.it.get()
  return [name, values.reduce((sum, { value }) => sum + value, 0)]
}
