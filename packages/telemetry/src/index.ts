export {
  type CounterName,
  catalogue,
  type GaugeName,
  type HistogramName,
  type LabelsOf,
  type MetricName,
  type MetricSpec,
} from './catalogue.ts'
export { catalogueMarkdown } from './catalogue-markdown.ts'
export {
  breakersCheck,
  type ChannelHealth,
  type CollectorConnections,
  type CommitCheckOptions,
  channelsCheck,
  commitCheck,
  connectionsCheck,
  type HealthCheck,
  type HealthFinding,
  type HealthState,
  type WriterHealth,
  writersCheck,
} from './checks.ts'
export type { HealthSources } from './health-pages.ts'
export { type HealthServer, type HealthServerOptions, openHealthServer } from './health-server.ts'
export { type Log, type LogFields, type LogLevel, type LogLine, type LogOptions, openLog } from './log.ts'
export type { LogOutput } from './log-output.ts'
export { type Metrics, type MetricsOptions, openMetrics } from './metrics.ts'
export { labelText, printable } from './printable.ts'
export { processMetrics } from './process-metrics.ts'
export type { SamplingOptions } from './sampling.ts'
export { isSecretName, masked } from './secrets.ts'
