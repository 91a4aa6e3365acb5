import { list, names, optional, section, text, textOrNull, whole } from './node.ts'
import { decimalText, globText, tableName } from './shapes.ts'

const PATTERNS_MAX = 1_000
/** A million ids of 16 bytes for each stream of a key are more than any exchange repeats. */
const IDS_MAX = 1_000_000

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

/** What is done with the messages of a market between decoding and its tables. */
export const operators = section(
  {
    doc: 'What is done with messages on their way to rows. Takes effect at the next start, and stands in the journal: a replay does the same.',
    usedBy: 'normalize',
  },
  { filter, dedupe },
)
