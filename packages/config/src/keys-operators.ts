import { choice, list, names, optional, section, text, textOrNull, whole } from './node.ts'
import { decimalText, globText, tableName, windowText } from './shapes.ts'

const PATTERNS_MAX = 1_000
/** A million ids of 16 bytes for each stream of a key are more than any exchange repeats. */
const IDS_MAX = 1_000_000
const HOUR_MS = 3_600_000
/** Each is an update for every trade. */
const WINDOWS_MAX = 32

const patterns = (doc: string) =>
  list(text(globText, { doc: 'A pattern: `*` is any characters, `?` is one.' }), {
    doc,
    default: null,
    min: 1,
    max: PATTERNS_MAX,
  })

const filter = names(
  section(
    { doc: 'Which messages of the table become rows: those for which everything that is given holds.' },
    {
      allow: patterns('Symbols, as the exchange writes them, that become rows. Default: all.'),
      deny: patterns('Symbols that do not, whatever `allow` says.'),
      price_min: textOrNull(decimalText, { doc: 'Least price.' }),
      price_max: textOrNull(decimalText, { doc: 'Largest price.' }),
      quantity_min: textOrNull(decimalText, { doc: 'Least quantity, in the unit that the exchange sends.' }),
      notional_min: textOrNull(decimalText, {
        doc: 'Least price times quantity. Not for markets whose quantities are contracts.',
      }),
    },
  ),
  {
    doc: 'By table: rows that are not stored. What is left out is counted in `coverage.filtered`; sequences, books and names go on by every message. Rules about numbers are for `ticks` and `liquidations`.',
    says: 'tables',
    pattern: tableName.pattern,
  },
)

const dedupe = optional(
  section(
    { doc: 'How repeats are known where ids do not count; null: as the adapter says.' },
    {
      window: whole({
        doc: 'Ids that are remembered of each such stream of a symbol. Streams whose ids count need none.',
        default: 1_024,
        min: 16,
        max: IDS_MAX,
      }),
    },
  ),
  null,
)

const watermark = section(
  { doc: 'How far the time of the trades of a symbol has come, and what becomes of those behind it.' },
  {
    allowed_lateness_ms: whole({
      doc: 'How long after its end a window takes trades, milliseconds. It is final then, or an hour later where nothing proves that none is missing.',
      default: 5_000,
      min: 0,
      max: HOUR_MS,
    }),
    late: choice(['revision', 'drop'], {
      doc: 'What a trade does to a bar that was written: `revision`, another row of it, with a higher revision; `drop`, nothing: each bar is written once, and the trade is counted.',
      default: 'revision',
    }),
    idle_ms: whole({
      doc: 'A symbol without trades is taken to be this far behind the time at which frames arrive, milliseconds: it ends its windows.',
      default: 1_000,
      min: 0,
      max: HOUR_MS,
    }),
  },
)

const aggregate = optional(
  section(
    { doc: 'Bars of trades: table `bars`. Null: none are made.' },
    {
      windows: list(
        text(windowText, {
          doc: 'A width (`1s`, `1m`, `1d`), or a width and a step that divides it (`24h/5m`: a day, every five minutes).',
        }),
        {
          doc: 'Windows of time, on multiples of their step since 1970, UTC.',
          default: null,
          min: 1,
          max: WINDOWS_MAX,
        },
      ),
    },
  ),
  null,
)

/** What is done with the messages of a market between decoding and its tables. */
export const operators = section(
  {
    doc: 'What is done with messages on their way to rows. Takes effect at the next start, and stands in the journal: a replay does the same.',
    usedBy: 'normalize',
  },
  { filter, dedupe, watermark, aggregate },
)
