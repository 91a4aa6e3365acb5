import type { TableName } from '@cryptoflow/model'
import { type DeadLetter, type LetterEvent, type Redriven, readLetter } from '@cryptoflow/pipeline'
import { type Duck, quoted } from '@cryptoflow/reader'
import { type KeyFlags, rowConditions, whereAll } from './key-flags.ts'

/** Which dead letters are read again. */
export interface LetterFlags extends KeyFlags {
  readonly reason?: string
}

export interface PlannedPage {
  readonly redriven: readonly Redriven[]
  /** Rows of `dead_letter` by why they stay dead. */
  readonly dead: ReadonlyMap<string, number>
  /** Rows of `dead_letter` that were looked at. */
  readonly letters: number
}

/** Frames at a time: their bytes are in memory. */
const PAGE = 200
/** Events whose like is looked for in one statement. */
const IDENTITIES_MAX = 5_000

/**
 * What becomes of the dead letters that were never redriven, a page at a time, oldest first. An event is known when
 * its number is stored already, from whatever frame, or was decided on in this plan.
 */
export async function* planRedrive(duck: Duck, flags: LetterFlags): AsyncGenerator<PlannedPage> {
  const decided = new Set<string>()
  for (let offset = 0; ; offset += PAGE) {
    const letters = await openLetters(duck, flags, offset)
    if (letters.length > 0) yield await planPage(duck, letters, decided)
    if (letters.length < PAGE) return
  }
}

async function openLetters(
  duck: Duck,
  { reason, ...keys }: LetterFlags,
  offset: number,
): Promise<DeadLetter[]> {
  const wanted = [...rowConditions(keys), ...(reason === undefined ? [] : [`reason = ${quoted(reason)}`])]
  const rows = await duck.rawRows(`
    SELECT exchange, market, symbol, stream, source, reason, writer, frame, epoch_us(received_ts), count(*), raw
    FROM (FROM dead_letter ${whereAll(wanted)}) d
    WHERE NOT EXISTS (FROM redrives r WHERE r.dead_writer = d.writer AND r.dead_frame = d.frame
      AND r.exchange = d.exchange AND r.market = d.market AND r.symbol = d.symbol
      AND r.stream IS NOT DISTINCT FROM d.stream AND r.reason = d.reason)
    GROUP BY ALL
    ORDER BY epoch_us(received_ts), writer, frame, exchange, market, symbol, stream, reason
    LIMIT ${PAGE} OFFSET ${offset}`)
  return rows.map(([exchange, market, symbol, stream, source, why, writer, frame, us, count, raw]) => ({
    exchange: String(exchange),
    market: String(market) as DeadLetter['market'],
    symbol: String(symbol),
    stream: stream === null ? null : String(stream),
    source: source === 'rest' ? 'rest' : 'ws',
    reason: String(why),
    writer: String(writer),
    frame: Number(frame),
    receivedUs: Number(us),
    letters: Number(count),
    raw: (raw as { readonly bytes: Uint8Array }).bytes,
  }))
}

async function planPage(
  duck: Duck,
  letters: readonly DeadLetter[],
  decided: Set<string>,
): Promise<PlannedPage> {
  const dead = new Map<string, number>()
  const readable: { letter: DeadLetter; events: readonly LetterEvent[] }[] = []
  for (const letter of letters) {
    const reading = readLetter(letter)
    const why = reading.kind === 'dead' ? reading.why : ambiguity(letter, reading.events)
    if (why !== null) dead.set(why, (dead.get(why) ?? 0) + letter.letters)
    else if (reading.kind === 'events') readable.push({ letter, events: reading.events })
  }
  const stored = await storedAmong(
    duck,
    readable.flatMap(({ letter, events }) => events.flatMap((event) => identityOf(letter, event) ?? [])),
  )
  const names = await namesOf(duck, readable)
  const redriven = readable.map(({ letter, events }) => {
    const store: number[] = []
    const known: number[] = []
    for (const event of events) {
      const identity = identityOf(letter, event)
      const isKnown = identity !== null && (stored.has(identity.text) || decided.has(identity.text))
      if (identity !== null) decided.add(identity.text)
      ;(isKnown ? known : store).push(event.index)
    }
    return { letter, store, known: refusedAmong(letter, store, known), instruments: names(letter, events) }
  })
  return { redriven, dead, letters: letters.reduce((sum, one) => sum + one.letters, 0) }
}

/** Of a frame that was read, those known events that are letters; the others were stored when it came. */
function refusedAmong(
  letter: DeadLetter,
  store: readonly number[],
  known: readonly number[],
): readonly number[] {
  return letter.symbol === '' ? known : known.slice(0, Math.max(0, letter.letters - store.length))
}

/** Some events of a frame were stored and some were not, and nothing tells which. */
function ambiguity(letter: DeadLetter, events: readonly LetterEvent[]): string | null {
  const isWhole = letter.symbol === '' || events.length <= letter.letters
  return isWhole || events.every((event) => identityOf(letter, event) !== null)
    ? null
    : 'cannot be told apart'
}

/** What makes an event the same as a stored one, in the columns of its table. */
interface Identity {
  readonly text: string
  readonly table: TableName
  readonly values: Readonly<Record<string, string | null>>
}

/** Null: the exchange numbers nothing in it. Images of several depths share their numbers. */
function identityOf({ exchange, market }: DeadLetter, event: LetterEvent): Identity | null {
  const { table, symbol, kind, tradeId, firstSeq, lastSeq } = event
  const key = { exchange, market, symbol }
  const made = (values: Record<string, string | null>): Identity => {
    const all = { ...key, ...values }
    return { text: JSON.stringify([table, ...Object.values(all)]), table, values: all }
  }
  const number = (seq: number): string | null => (Number.isNaN(seq) ? null : String(seq))
  if (table === 'ticks') return tradeId === null ? null : made({ kind, trade_id: tradeId })
  if (Number.isNaN(lastSeq)) return null
  if (table === 'bbo') return made({ last_seq: number(lastSeq) })
  if (table !== 'spot_delta' && table !== 'futures_delta') return null
  const isSnapshot = String(kind === 'bookSnapshot')
  return made({ is_snapshot: isSnapshot, first_seq: number(firstSeq), last_seq: number(lastSeq) })
}

/** The texts of those identities that a table has a row of. */
async function storedAmong(duck: Duck, identities: readonly Identity[]): Promise<Set<string>> {
  const found = new Set<string>()
  const byTable = Map.groupBy(identities, ({ table }) => table)
  for (const [table, all] of byTable) {
    const columns = Object.keys((all[0] as Identity).values)
    for (let from = 0; from < all.length; from += IDENTITIES_MAX) {
      const some = all.slice(from, from + IDENTITIES_MAX)
      const literals = some.map(
        ({ values }, at) => `(${at}, ${Object.values(values).map(literal).join(', ')})`,
      )
      const same = columns.map((name) => `t.${name}::VARCHAR IS NOT DISTINCT FROM w.${name}`)
      const rows = await duck.rawRows(
        `SELECT DISTINCT w.place FROM (VALUES ${literals.join(', ')}) w(place, ${columns.join(', ')})
         JOIN "${table}" t ON ${same.join(' AND ')}`,
      )
      for (const [place] of rows) found.add((some[Number(place)] as Identity).text)
    }
  }
  return found
}

function literal(value: string | null): string {
  return value === null ? 'NULL::VARCHAR' : quoted(value)
}

/** Our names of a letter's symbols, as the lists before it gave them. */
async function namesOf(
  duck: Duck,
  readable: readonly { letter: DeadLetter; events: readonly LetterEvent[] }[],
): Promise<(letter: DeadLetter, events: readonly LetterEvent[]) => Record<string, string>> {
  const symbols = new Set(
    readable.flatMap(({ letter, events }) => [letter.symbol, ...events.map((one) => one.symbol)]),
  )
  const list = [...symbols].map(quoted)
  const rows =
    list.length === 0
      ? []
      : await duck.rawRows(
          `SELECT exchange, market, symbol, instrument, epoch_us(received_ts) FROM instruments
           WHERE instrument IS NOT NULL AND symbol IN (${list.join(', ')}) ORDER BY received_ts`,
        )
  return (letter, events) => {
    const names: Record<string, string> = {}
    for (const [exchange, market, symbol, instrument, us] of rows) {
      if (exchange !== letter.exchange || market !== letter.market || Number(us) > letter.receivedUs) continue
      const isMeant = symbol === letter.symbol || events.some((event) => event.symbol === symbol)
      // Not a plain assignment: a symbol may be called __proto__.
      if (isMeant)
        Object.defineProperty(names, String(symbol), {
          value: String(instrument),
          enumerable: true,
          configurable: true,
        })
    }
    return names
  }
}
