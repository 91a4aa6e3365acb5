import type { Clock } from '@cryptoflow/runtime'
import pino from 'pino'
import { type LogOutput, openStandardOutput, prettyLines } from './log-output.ts'
import type { Metrics } from './metrics.ts'
import { LINE_LIMITS, type Plain, plain, plainText } from './plain.ts'
import { openRotatingFile } from './rotating-file.ts'
import { openSampler, type Sampler, type SamplingOptions } from './sampling.ts'

/** debug: curiosity; info: it worked; warn: unexpected, nothing lost; error: data lost or a person needed. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** Values of a line. Any text may be the wire's: it is bounded, escaped, and without secrets when written. */
export interface LogFields {
  readonly exchange?: string
  readonly market?: string
  readonly stream?: string
  readonly shard?: number
  readonly symbol?: string
  readonly error?: unknown
  readonly [name: string]: unknown
}

/** Writes one line; the message is a constant text and the key of sampling, values belong into fields. */
export type LogLine = (message: string, fields?: LogFields) => void

/** Tells what happens, a line each. Never throws. */
export interface Log {
  readonly debug: LogLine
  readonly info: LogLine
  readonly warn: LogLine
  readonly error: LogLine
  /** The same log with fields on each of its lines. */
  with(fields: LogFields): Log
  /** Changes the least level for this log and all that came of it. */
  setLevel(level: LogLevel): void
  /**
   * Tells what was left out, and ends when all lines are with the system; a reader of the standard output that has
   * stopped gets a second. Later lines are left out.
   */
  close(): Promise<void>
}

/** Options of `openLog`. */
export interface LogOptions {
  /** The least that is told. */
  readonly level: LogLevel
  /** `auto`: pretty on a terminal, JSON elsewhere. */
  readonly format: 'auto' | 'json' | 'pretty'
  /** Path; without one lines go to the standard output. */
  readonly file?: string
  /** A file of this size is closed. */
  readonly rotateBytes: number
  /** Days that closed files stay. */
  readonly keepDays: number
  readonly keepFiles: number
  /** Null: every line is told. */
  readonly sampling: SamplingOptions | null
  readonly clock: Clock
  /** Whether the standard output is a terminal. */
  readonly isTerminal: boolean
  /** Counts lines and bytes by catalogue name. */
  readonly metrics?: Metrics
  /** Values that must never be told, wherever they stand. */
  readonly secrets?: readonly string[]
  /** Instead of file and standard output. */
  readonly output?: LogOutput
}

/** A log's own fields; a field of one of these names would pass for one of them. */
const RESERVED = new Set(['level', 'time', 'msg', 'pid', 'hostname', 'name', 'v'])

/** Opens the log of one process; throws when its file cannot be written. */
export function openLog(options: LogOptions): Log {
  const { clock, metrics, secrets = [] } = options
  const lost = (): void => metrics?.add('log_failures_total', {})
  const output = openOutput(options)
  const logger = openPino(options, (line) => {
    if (!output.write(line)) lost()
    else metrics?.add('log_bytes_total', {}, Buffer.byteLength(line))
  })
  const write = (level: LogLevel, message: string, fields: LogFields): void => {
    try {
      logger[level](lineFields(fields, secrets), plainText(message, secrets))
      metrics?.add('log_lines_total', { level })
    } catch {
      lost()
    }
  }
  const sampler = openSamplerOf(options, write)
  let isClosed = false

  const tell = (level: LogLevel, message: string, fields: LogFields): void => {
    if (isClosed || !logger.isLevelEnabled(level)) return
    if (sampler === null || sampler.passes(level, message)) write(level, message, fields)
    else metrics?.add('log_suppressed_total', { level })
  }
  const logWith = (bound: LogFields): Log => {
    const line =
      (level: LogLevel): LogLine =>
      (message, fields) =>
        tell(level, message, fields === undefined ? bound : { ...bound, ...fields })
    return {
      debug: line('debug'),
      info: line('info'),
      warn: line('warn'),
      error: line('error'),
      with: (fields) => logWith({ ...bound, ...fields }),
      setLevel(level) {
        logger.level = level
      },
      async close() {
        if (isClosed) return
        sampler?.flush()
        isClosed = true
        await output.close()
      },
    }
  }
  for (const level of ['info', 'warn', 'error'] as const) metrics?.add('log_lines_total', { level }, 0)
  metrics?.add('log_failures_total', {}, 0)
  return logWith({})

  function openPino({ level }: LogOptions, take: (line: string) => void): pino.Logger {
    const pretty = isPretty(options) ? prettyLines(options.isTerminal && options.file === undefined) : null
    return pino(
      {
        level,
        base: null,
        timestamp: () => `,"time":"${new Date(clock.nowUs() / 1000).toISOString()}"`,
        formatters: { level: (label) => ({ level: label }) },
      },
      { write: (line: string) => take(pretty === null ? line : pretty(line)) },
    )
  }
}

function openSamplerOf(
  { clock, sampling }: LogOptions,
  write: (level: LogLevel, message: string, fields: LogFields) => void,
): Sampler<LogLevel> | null {
  if (sampling === null) return null
  return openSampler<LogLevel>(clock, sampling, ({ level, message, count }) => {
    write(level, `suppressed ${count}`, { suppressed: count, of: message })
  })
}

function openOutput(options: LogOptions): LogOutput {
  if (options.output !== undefined) return options.output
  const { file } = options
  return file === undefined ? openStandardOutput(options.clock) : openRotatingFile({ ...options, path: file })
}

function isPretty({ format, isTerminal, file }: LogOptions): boolean {
  return format === 'auto' ? isTerminal && file === undefined : format === 'pretty'
}

/** The fields as they may be written, none of which passes for a log's own. */
function lineFields(fields: LogFields, secrets: readonly string[]): Record<string, Plain> {
  const shown = plain(fields, secrets, LINE_LIMITS) as Record<string, Plain>
  const line: Record<string, Plain> = Object.create(null)
  for (const name of Object.keys(shown))
    line[RESERVED.has(name) ? `field_${name}` : name] = shown[name] as Plain
  return line
}
