import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isFileLocked } from '@cryptoflow/journal'
import { CryptoFlowError } from '@cryptoflow/runtime'
import type { Hearing } from './ingests.ts'
import type { Warehouse } from './warehouse.ts'
import { journalHomes } from './warehouse-lock.ts'

/** What a process collects of a market. */
interface Claim {
  readonly exchange: string
  readonly market: string
  readonly symbols: readonly string[]
  readonly streams: readonly string[]
  /** Of the streams those that bring every symbol of the market. */
  readonly marketWide: readonly string[]
}

const FILE = 'collects.json'

/**
 * Tells the other collectors of the warehouse what the process with the journal `home` collects, and refuses as
 * `refuseTaken` does.
 *
 * The own claim is written before the others are read: of two processes that begin at once, one is refused at least. A
 * claim holds while the lock of its journal is held, so that no death leaves one behind.
 */
export function claimStreams(warehouse: Warehouse, home: string, hearings: readonly Hearing[]): void {
  write(home, hearings.map(claimOf))
  refuseTaken(warehouse, home, hearings)
}

/**
 * Throws `usage` when another collector that runs has some of what the process with the journal `home` is to collect: each
 * would store it under its own writer, so that every row is there twice.
 */
export function refuseTaken(warehouse: Warehouse, home: string, hearings: readonly Hearing[]): void {
  const claims = hearings.map(claimOf)
  for (const other of journalHomes(warehouse)) {
    if (other === home || !isFileLocked(join(other, 'lock.db'))) continue
    const double = firstDouble(claims, read(other))
    if (double === null) continue
    throw new CryptoFlowError(
      `collecting: ${double} comes into this warehouse already, by the process with the journal ${other}, and would ` +
        'be stored twice. Give each process other symbols, markets or streams',
      { kind: 'usage', reaction: 'stop', context: { warehouse: warehouse.directory, journal: home } },
    )
  }
}

/** Lists of instruments are no one's own: each process needs them to name its rows, and stores what it was told. */
function claimOf({ market, options: { symbols, streams } }: Hearing): Claim {
  const own = market.streams.filter(({ name, table }) => streams.includes(name) && table !== 'instruments')
  return {
    exchange: market.exchange,
    market: market.market,
    symbols,
    streams: own.map(({ name }) => name),
    marketWide: own.filter(({ scope }) => scope === 'market').map(({ name }) => name),
  }
}

/** For people: the first stream that both have; null: they share nothing. */
function firstDouble(claims: readonly Claim[], others: readonly Claim[]): string | null {
  for (const { exchange, market, symbols, streams, marketWide } of claims) {
    for (const other of others) {
      if (other.exchange !== exchange || other.market !== market) continue
      const wide = marketWide.find((name) => other.marketWide.includes(name))
      if (wide !== undefined) return `${exchange} ${market} ${wide}`
      const stream = streams.find((name) => other.streams.includes(name))
      const symbol = symbols.find((name) => other.symbols.includes(name))
      if (stream !== undefined && symbol !== undefined) return `${exchange} ${market} ${stream} of ${symbol}`
    }
  }
  return null
}

/** A process that begins again as it was writes nothing: the disk may be full. */
function write(home: string, claims: readonly Claim[]): void {
  const text = JSON.stringify(claims)
  if (textIn(home) === text) return
  const path = join(home, FILE)
  writeFileSync(`${path}.new`, text)
  renameSync(`${path}.new`, path)
}

/** A version of before claims has none. */
function read(home: string): readonly Claim[] {
  return JSON.parse(textIn(home) ?? '[]') as readonly Claim[]
}

function textIn(home: string): string | null {
  try {
    return readFileSync(join(home, FILE), 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}
