import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import type { EpochItem, EpochRequest, Probe, TableName, WriterEntry } from '@cryptoflow/model'
import { CryptoFlowError, messageOf } from '@cryptoflow/runtime'
import {
  type CommitLedger,
  type CommitterEntry,
  itemOf,
  openTables,
  type Slot,
  type WriterBacklog,
} from './ledger.ts'

/**
 * The ledger on one machine: a SQLite file, one row per (writer, epoch).
 *
 * Rule K10: WAL, `synchronous = FULL` (an accepted put survives power loss), `BEGIN IMMEDIATE` for every
 * write. `todo` and `known_tables` are indexes of `items`, changed in the same transactions. Several
 * processes may open the file; a lock held longer than the busy timeout is an error with reaction `retry`.
 * Snapshot ids are 63-bit and stay text.
 */
const schema = `
  CREATE TABLE IF NOT EXISTS writers (
    writer TEXT PRIMARY KEY, name TEXT NOT NULL, state TEXT NOT NULL, last_epoch INTEGER) STRICT;
  CREATE TABLE IF NOT EXISTS items (
    writer TEXT, epoch INTEGER, kind TEXT NOT NULL, hash TEXT, request TEXT, done TEXT,
    PRIMARY KEY (writer, epoch)) STRICT;
  CREATE TABLE IF NOT EXISTS todo (
    writer TEXT, table_name TEXT, epoch INTEGER,
    PRIMARY KEY (writer, table_name, epoch)) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS voids (
    writer TEXT, epoch INTEGER, table_name TEXT,
    PRIMARY KEY (writer, epoch, table_name)) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS known_tables (table_name TEXT PRIMARY KEY) STRICT;
  CREATE TABLE IF NOT EXISTS committers (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, seen_ms INTEGER NOT NULL, every_ms INTEGER NOT NULL) STRICT;
`
/** Of the database; another one is refused. */
export const LEDGER_FORMAT = 1

/** SQLite result codes (sqlite.org/rescode.html, read 2026-11-20); extended codes carry these in the low byte. */
const SQLITE_BUSY = 5
const SQLITE_LOCKED = 6
const SQLITE_READONLY = 8
const SQLITE_FULL = 13
/** An extended code: a write that the system refused, and of which nothing was kept. A failed sync is another one. */
const SQLITE_IOERR_WRITE = 778
const passingCodes = [SQLITE_BUSY, SQLITE_LOCKED, SQLITE_READONLY, SQLITE_FULL]

export interface SqliteLedgerOptions {
  /** File of the database; its directory exists. */
  readonly path: string
  /** Called with the transaction open, before its COMMIT, at `ledger-put` and `mark`. */
  readonly probe?: Probe
  /** How long a write waits for another process's, milliseconds. */
  readonly busyTimeoutMs?: number
}

export interface SqliteLedger extends CommitLedger {
  close(): void
}

/** Opens the ledger, making it if the file is new. A file of another format is refused. */
export function createSqliteLedger(options: SqliteLedgerOptions): SqliteLedger {
  const db = translated('open the ledger', () => open(options))
  const probe = options.probe ?? (() => {})
  const read = async <T>(doing: string, work: () => T): Promise<T> => translated(doing, work)
  const write = async <T>(doing: string, work: () => T): Promise<T> =>
    translated(doing, () => inTransaction(db, work))
  return {
    register: (writer, name) => write('register a writer', () => register(db, writer, name)),
    writers: () => read('list writers', () => all(db, 'SELECT * FROM writers ORDER BY writer').map(entryOf)),
    put: (request, hash) =>
      write('put a request', () => {
        const answer = put(db, request, hash)
        probe('ledger-put')
        return answer
      }),
    item: (writer, epoch) => read('read an item', () => itemOrNull(slotAt(db, writer, epoch))),
    consecutive: (writer, from, limit) => read('read items', () => consecutive(db, writer, from, limit)),
    following: (writer, from, limit) => read('read items', () => following(db, writer, from, limit)),
    mark: (writer, epoch, table, snapshot) =>
      write('mark an epoch', () => {
        mark(db, writer, epoch, table, snapshot)
        probe('mark')
      }),
    markVoid: (writer, epoch, table) =>
      write('mark an epoch void', () => {
        markVoid(db, writer, epoch, table)
        probe('mark')
      }),
    unmarked: (writer, table, upTo, limit) =>
      read('look for unmarked epochs', () => {
        const sql =
          'SELECT epoch FROM todo WHERE writer = ? AND table_name = ? AND epoch <= ? ORDER BY epoch LIMIT ?'
        return all(db, sql, writer, table, upTo, limit).map(({ epoch }) => Number(epoch))
      }),
    hasMarks: (table) =>
      read(
        'look for marks',
        () => all(db, 'SELECT 1 FROM known_tables WHERE table_name = ?', table).length > 0,
      ),
    end: (writer, epoch) => write('end a writer', () => end(db, writer, epoch)),
    retire: (writer) => write('retire a writer', () => retire(db, writer)),
    backlogs: () => read('look for what waits', () => backlogs(db)),
    attend: (committer) => write('note a committer', () => attend(db, committer)),
    leave: (id) => write('take a committer out', () => run(db, 'DELETE FROM committers WHERE id = ?', id)),
    committers: () => read('list committers', () => committers(db)),
    close: () => db.close(),
  }
}

function open({ path, busyTimeoutMs = 10_000 }: SqliteLedgerOptions): DatabaseSync {
  const db = new DatabaseSync(path, { timeout: busyTimeoutMs })
  try {
    // fullfsync: on macOS a plain fsync does not reach the disk; elsewhere the setting means nothing.
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA fullfsync = ON')
    if (!isMade(db)) inTransaction(db, () => make(db, path))
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

/** Asked first: whoever only reads waits for nobody who writes. */
function isMade(db: DatabaseSync): boolean {
  const wanted = [...schema.matchAll(/EXISTS (\w+)/g)].map(([, name]) => name)
  const found = new Set(all(db, 'SELECT name FROM sqlite_schema').map(({ name }) => name))
  return versionOf(db) === LEDGER_FORMAT && wanted.every((name) => found.has(name))
}

function make(db: DatabaseSync, path: string): void {
  const version = versionOf(db)
  if (version !== 0 && version !== LEDGER_FORMAT) {
    throw refusal(`open the ledger: found format ${version}, expected ${LEDGER_FORMAT}`, { path })
  }
  db.exec(schema)
  db.exec(`PRAGMA user_version = ${LEDGER_FORMAT}`)
}

function versionOf(db: DatabaseSync): number {
  const [found] = all(db, 'PRAGMA user_version')
  return Number(found?.user_version)
}

function register(db: DatabaseSync, writer: string, name: string): void {
  run(
    db,
    `INSERT INTO writers (writer, name, state) VALUES (?, ?, 'open')
     ON CONFLICT (writer) DO UPDATE SET
       name = excluded.name, state = iif(state = 'retired', 'retired', 'open')`,
    writer,
    name,
  )
}

function put(db: DatabaseSync, request: EpochRequest, hash: string): 'stored' | 'present' | 'taken' {
  const { writer, epoch } = request
  const found = slotAt(db, writer, epoch)
  if (found !== null) return found.kind === 'request' && found.hash === hash ? 'present' : 'taken'
  const before = 'SELECT kind FROM items WHERE writer = ? AND epoch < ? ORDER BY epoch DESC LIMIT 1'
  if (all(db, before, writer, epoch)[0]?.kind === 'end') return 'taken'
  const text = JSON.stringify(request)
  run(db, `INSERT INTO items VALUES (?, ?, 'request', ?, ?, '{}')`, writer, epoch, hash, text)
  for (const table of Object.keys(request.tables)) {
    run(db, 'INSERT INTO todo VALUES (?, ?, ?)', writer, table, epoch)
  }
  return 'stored'
}

/** A mark for an empty slot is dropped: it would speak for whatever is put there later. */
function mark(db: DatabaseSync, writer: string, epoch: number, table: TableName, snapshot: string): void {
  const slot = slotAt(db, writer, epoch)
  if (slot?.kind !== 'request') return
  const done = JSON.stringify(Object.fromEntries(new Map([...slot.done, [table, snapshot]])))
  run(db, 'UPDATE items SET done = ? WHERE writer = ? AND epoch = ?', done, writer, epoch)
  run(db, 'DELETE FROM todo WHERE writer = ? AND table_name = ? AND epoch = ?', writer, table, epoch)
  run(db, 'INSERT OR IGNORE INTO known_tables VALUES (?)', table)
}

/** As for marks, one for an empty slot is dropped. */
function markVoid(db: DatabaseSync, writer: string, epoch: number, table: TableName): void {
  if (slotAt(db, writer, epoch)?.kind !== 'request') return
  run(db, 'INSERT OR IGNORE INTO voids VALUES (?, ?, ?)', writer, epoch, table)
}

function end(db: DatabaseSync, writer: string, epoch: number): 'stored' | 'present' | 'taken' {
  const found = slotAt(db, writer, epoch)
  if (found !== null) return found.kind === 'end' ? 'present' : 'taken'
  const behind = 'SELECT 1 FROM items WHERE writer = ? AND epoch > ? LIMIT 1'
  if (all(db, behind, writer, epoch).length > 0) return 'taken'
  run(db, `INSERT INTO items (writer, epoch, kind) VALUES (?, ?, 'end')`, writer, epoch)
  return 'stored'
}

function retire(db: DatabaseSync, writer: string): 'retired' | 'open' | 'undecided' {
  const [fence] = all(
    db,
    `SELECT epoch FROM items WHERE writer = ? AND kind = 'end' ORDER BY epoch LIMIT 1`,
    writer,
  )
  if (fence === undefined) return 'open'
  const last = Number(fence.epoch) - 1
  const [items] = all(db, 'SELECT count(*) AS n FROM items WHERE writer = ? AND epoch <= ?', writer, last)
  const [todo] = all(db, 'SELECT 1 FROM todo WHERE writer = ? AND epoch <= ? LIMIT 1', writer, last)
  if (Number(items?.n) !== last || todo !== undefined) return 'undecided'
  run(db, `UPDATE writers SET state = 'retired', last_epoch = ? WHERE writer = ?`, last, writer)
  return 'retired'
}

function backlogs(db: DatabaseSync): WriterBacklog[] {
  const sql = `
    SELECT t.writer, count(DISTINCT t.epoch) AS epochs, min(t.epoch) AS oldest, w.name
    FROM todo t JOIN writers w USING (writer) GROUP BY t.writer`
  const found = all(db, sql).flatMap((row): WriterBacklog[] => {
    const [writer, oldest] = [String(row.writer), Number(row.oldest)]
    const slot = slotAt(db, writer, oldest)
    if (slot?.kind !== 'request') return []
    return [
      {
        writer,
        name: String(row.name),
        epochs: Number(row.epochs),
        oldest,
        sealedAtMs: slot.request.sealedAtMs,
        tables: openTables(slot),
        isHole: oldest > 1 && slotAt(db, writer, oldest - 1) === null,
      },
    ]
  })
  return found.sort((a, b) => a.sealedAtMs - b.sealedAtMs)
}

/** Committers that were killed are forgotten a day later. */
const FORGOTTEN_AFTER_MS = 86_400_000

function attend(db: DatabaseSync, { id, name, seenMs, everyMs }: CommitterEntry): void {
  run(db, 'DELETE FROM committers WHERE seen_ms < ?', seenMs - FORGOTTEN_AFTER_MS)
  run(db, 'INSERT OR REPLACE INTO committers VALUES (?, ?, ?, ?)', id, name, seenMs, everyMs)
}

function committers(db: DatabaseSync): CommitterEntry[] {
  return all(db, 'SELECT * FROM committers ORDER BY seen_ms DESC').map((row) => ({
    id: String(row.id),
    name: String(row.name),
    seenMs: Number(row.seen_ms),
    everyMs: Number(row.every_ms),
  }))
}

function consecutive(db: DatabaseSync, writer: string, from: number, limit: number): EpochItem[] {
  const items: EpochItem[] = []
  for (const row of requestRows(db, writer, from, limit)) {
    if (Number(row.epoch) !== from + items.length) break
    items.push(itemOf(slotOf(db, row)))
  }
  return items
}

function following(db: DatabaseSync, writer: string, from: number, limit: number): EpochItem[] {
  return requestRows(db, writer, from, limit).map((row) => itemOf(slotOf(db, row)))
}

/** Up to the first end, in order. */
function requestRows(db: DatabaseSync, writer: string, from: number, limit: number): Row[] {
  const sql = 'SELECT * FROM items WHERE writer = ? AND epoch >= ? ORDER BY epoch LIMIT ?'
  const rows = all(db, sql, writer, from, limit)
  const end = rows.findIndex(({ kind }) => kind === 'end')
  return end < 0 ? rows : rows.slice(0, end)
}

function slotAt(db: DatabaseSync, writer: string, epoch: number): Slot | null {
  const [row] = all(db, 'SELECT * FROM items WHERE writer = ? AND epoch = ?', writer, epoch)
  return row === undefined ? null : slotOf(db, row)
}

function slotOf(db: DatabaseSync, row: Row): Slot {
  if (row.kind === 'end') return { kind: 'end' }
  const done = new Map(Object.entries(JSON.parse(String(row.done)))) as Map<TableName, string>
  const sql = 'SELECT table_name FROM voids WHERE writer = ? AND epoch = ?'
  const voids = all(db, sql, String(row.writer), Number(row.epoch)).map(({ table_name }) => table_name)
  return {
    kind: 'request',
    hash: String(row.hash),
    request: JSON.parse(String(row.request)),
    done,
    voids: new Set(voids as TableName[]),
  }
}

function itemOrNull(slot: Slot | null): EpochItem | null {
  return slot === null ? null : itemOf(slot)
}

function entryOf(row: Row): WriterEntry {
  const entry = {
    writer: String(row.writer),
    name: String(row.name),
    state: row.state as WriterEntry['state'],
  }
  return row.last_epoch === null ? entry : { ...entry, lastEpoch: Number(row.last_epoch) }
}

type Row = Record<string, unknown>

function all(db: DatabaseSync, sql: string, ...values: SQLInputValue[]): Row[] {
  return db.prepare(sql).all(...values) as Row[]
}

function run(db: DatabaseSync, sql: string, ...values: SQLInputValue[]): void {
  db.prepare(sql).run(...values)
}

function inTransaction<T>(db: DatabaseSync, work: () => T): T {
  db.exec('BEGIN IMMEDIATE')
  try {
    const answer = work()
    db.exec('COMMIT')
    return answer
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK')
    throw error
  }
}

/** A database that is busy, full or not to be written to may be better later; anything else of SQLite's is beyond us. */
function translated<T>(doing: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    const code = (error as { errcode?: unknown }).errcode
    if (typeof code !== 'number') throw error
    const passing = passingCodes.includes(code & 0xff) || code === SQLITE_IOERR_WRITE
    throw new CryptoFlowError(`${doing}: ${messageOf(error)}`, {
      kind: 'ledger',
      reaction: passing ? 'retry' : 'stop',
      context: { code },
      cause: error,
    })
  }
}

function refusal(message: string, context: Readonly<Record<string, unknown>>): CryptoFlowError {
  return new CryptoFlowError(message, { kind: 'ledger', reaction: 'stop', context })
}
