import { choice, flag, optional, section, size, text, textOrNull, whole } from './node.ts'
import { hostName, pathText } from './shapes.ts'

const MIB = 1024 * 1024

const metrics = section(
  { doc: 'Metrics and health over HTTP.', usedBy: 'telemetry' },
  {
    enabled: flag({ doc: 'Whether the server listens.', default: false }),
    host: text(hostName, {
      doc: 'Where it listens; anybody who reaches it can read it.',
      default: '127.0.0.1',
    }),
    port: whole({ doc: 'Port; 0: any that is free.', default: 9090, min: 0, max: 65_535 }),
    per_symbol: flag({
      doc: 'Whether series are kept per symbol: many times as many.',
      default: false,
    }),
  },
)

const log = section(
  { doc: 'What the process tells about itself.', usedBy: 'telemetry' },
  {
    level: choice(['debug', 'info', 'warn', 'error'], { doc: 'The least that is told.', default: 'info' }),
    format: choice(['auto', 'json', 'pretty'], {
      doc: 'How a line looks; auto: pretty on a terminal, JSON elsewhere.',
      default: 'auto',
    }),
    file: textOrNull(pathText, { doc: 'Where lines go; null: the standard output.' }),
    rotate: section(
      { doc: 'When a log file is closed and a new one begun, and how long closed ones are kept.' },
      {
        bytes: size({ doc: 'Size of a file.', default: 64 * MIB, min: MIB, max: 4096 * MIB }),
        days: whole({ doc: 'Days that closed files are kept.', default: 7, min: 1, max: 3650 }),
        files: whole({ doc: 'Closed files that are kept at most.', default: 20, min: 1, max: 10_000 }),
      },
    ),
    sampling: optional(
      section(
        {
          doc: 'How a storm of equal lines is thinned; the number left out is told. Null: every line is told.',
        },
        {
          first_per_minute: whole({
            doc: 'Lines of one kind that are told in a minute.',
            default: 60,
            min: 1,
            max: 1_000_000,
          }),
        },
      ),
    ),
  },
)

const threads = whole({
  doc: '1: decoding and publishing in threads of their own; 0: everything in one.',
  usedBy: 'pipeline',
  default: 1,
  min: 0,
  max: 1,
})

const shutdown = section(
  { doc: 'How a process ends that was asked to.', usedBy: 'console' },
  {
    within_ms: whole({
      doc: 'Milliseconds for draining, sealing and committing; when they are over, the process ends with status 1, and what is pending stays in the journal for the next start.',
      default: 30_000,
      min: 1_000,
      max: 3_600_000,
    }),
  },
)

/** What people see of a process, its threads, and its end. */
export const operationKeys = { threads, shutdown, metrics, log }
