import { catalogue, type MetricName, reservedNames, specOf } from './catalogue.ts'
import { processMetrics } from './process-metrics.ts'

/** The page `docs/operations/metrics.md`: the catalogue as a table, and how to read it. */
export function catalogueMarkdown(): string {
  const rows = (Object.keys(catalogue) as MetricName[]).map(row)
  return `${[
    '# Metrics',
    '',
    'Every metric of CryptoFlow, in the Prometheus text format under `/metrics` (`metrics.enabled`, `metrics.host`,',
    '`metrics.port`). Made from `packages/telemetry/src/catalogue.ts`; a test says when the two differ.',
    '',
    '- A metric appears with its first value: a process shows what it does.',
    '- `symbol` in brackets: only with `metrics.per_symbol`, as there are thousands of them.',
    '- A metric has at most 10,000 time series, buckets included. Values of later label sets go to a series with the',
    '  symbol `other`, or `other` everywhere, and are counted in `telemetry_series_folded_total`; a gauge leaves them',
    '  out.',
    '- Label values are printable: what does not show is written as `\\u....`, and so are commas and backslashes.',
    '- Histograms have the lines `_bucket`, `_sum` and `_count`; no histogram has a label for shards.',
    '',
    '| Metric | Type | Labels | Meaning | Buckets |',
    '|---|---|---|---|---|',
    ...rows,
    '',
    '## Names kept free',
    '',
    'For what is not there yet: an object store, archives, addresses of our own, retries by status.',
    '',
    ...reservedNames.map((name) => `- \`${name}\``),
    '',
    '## The process itself',
    '',
    'Told by prom-client, with its own names; some are missing where the system does not tell them:',
    '',
    ...processMetrics.map((name) => `- \`${name}\``),
  ].join('\n')}\n`
}

function row(name: MetricName): string {
  const { type, labels, symbol, help, buckets = [] } = specOf(name)
  const all = [...labels, ...(symbol === true ? ['[symbol]'] : [])].join(', ')
  return `| \`${name}\` | ${type} | ${all} | ${help} | ${buckets.join(' ')} |`
}
