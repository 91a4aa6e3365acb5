import { type TableName, tables } from '@cryptoflow/model'
import type { Emission, Row, World } from './test-scene.ts'

/** The rows of `coverage` that a perfect collector writes of a world, in one minute for all of it. */

/** What is needed of a group of rows: how many messages they are. */
function messagesOf(table: TableName, rows: readonly Row[]): number {
  if (table.endsWith('_delta')) {
    const own = rows.filter(({ source }) => source !== 'derived')
    return new Set(own.map((row) => [row.frame, row.first_seq, row.last_seq].join(' '))).size
  }
  if (!table.endsWith('_ob')) return rows.length
  return new Set(rows.filter(({ kind }) => kind === 'partial').map((row) => `${row.frame} ${row.last_seq}`))
    .size
}

export function addCoverage(world: World): void {
  const { rows, log } = world
  const minuteUs = Math.floor((rows.ticks[0]?.received_ts as number) / 60e6) * 60e6
  const told = Map.groupBy(log, ({ market, symbol, table }) => `${market}/${symbol}/${table}`)
  for (const [name, lines] of told) {
    const [market, symbol, table] = name.split('/') as [string, string, TableName]
    const isOwn = (row: Row): boolean => row.market === market && row.symbol === symbol
    const came = lines.reduce((sum, { copies }) => sum + copies, 0)
    const empty = lines.filter(isEmpty).length
    const stored = messagesOf(table, rows[table].filter(isOwn)) + empty
    const gaps = rows.gaps.filter((row) => isOwn(row) && row.table_name === table)
    push(world, minuteUs, { market, symbol, table }, { stored, duplicates: Math.max(0, came - stored), gaps })
  }
  const letters = Map.groupBy(rows.dead_letter, ({ market }) => String(market))
  for (const [market, own] of letters) {
    push(world, minuteUs, { market, symbol: '', table: 'dead_letter' }, { deadLetters: own.length })
  }
}

/** A message without levels leaves no row. */
function isEmpty(line: Emission): boolean {
  const { bids, asks } = line as unknown as Record<'bids' | 'asks', unknown[]>
  return line.copies > 0 && !(line.table in ONE_ROW) && bids.length + asks.length === 0
}

const ONE_ROW = Object.fromEntries(
  Object.keys(tables).flatMap((name) => (/_(delta|ob)$/.test(name) ? [] : [[name, true]])),
)

function push(
  { rows }: World,
  minuteUs: number,
  of: { readonly market: string; readonly symbol: string; readonly table: TableName },
  what: { stored?: number; duplicates?: number; deadLetters?: number; gaps?: readonly Row[] },
): void {
  const { stored = 0, duplicates = 0, deadLetters = 0, gaps = [] } = what
  const { us, causes } = spanOf(gaps, minuteUs)
  const named = rows.instruments.find((row) => row.market === of.market && row.symbol === of.symbol)
  rows.coverage.push({
    exchange: 'binance',
    market: of.market,
    symbol: of.symbol,
    instrument: named?.instrument ?? null,
    event_ts: minuteUs,
    event_ts_source: 'received',
    received_ts: minuteUs + 120e6,
    source: 'derived',
    writer: '01J',
    frame: 1_000_000,
    table_name: of.table,
    minute: minuteUs,
    received: stored + duplicates + deadLetters,
    stored,
    duplicates,
    filtered: 0,
    dead_letters: deadLetters,
    gap_seconds: (us / 1e6).toFixed(6),
    causes,
  })
}

/** Millisecond by millisecond: times of a world are whole ones. */
function spanOf(
  gaps: readonly Row[],
  minuteUs: number,
): { readonly us: number; readonly causes: string | null } {
  const ids = [...new Set(gaps.map(({ gap_id }) => gap_id))]
  const spans = ids.map((id) => {
    const own = gaps.filter(({ gap_id }) => gap_id === id)
    const closed = own.find(({ state }) => state === 'closed')
    const from = ((own[0]?.from_ts as number | null) ?? minuteUs) - minuteUs
    const to = ((closed?.to_ts as number | null | undefined) ?? minuteUs + 60e6) - minuteUs
    return { from: from / 1e3, to: to / 1e3, cause: String(own[0]?.cause) }
  })
  let us = 0
  for (let ms = 0; ms < 60_000; ms++) if (spans.some(({ from, to }) => ms >= from && ms < to)) us += 1000
  const causes = [
    ...new Set(
      spans.filter(({ from, to }) => from < 60_000 && (to > 0 || from === to)).map(({ cause }) => cause),
    ),
  ].sort()
  return { us, causes: causes.length === 0 ? null : causes.join(',') }
}
