import { common, optional, required, type TableContract } from './table-contract.ts'

/** Tables about the data: what is missing, what could not be read, what was found wrong. */

/** A hole of one stream of one key. */
export const gaps = {
  name: 'gaps',
  schemaVersion: '1.0.0',
  schemaId: 0,
  specId: 0,
  columns: {
    ...common,
    gap_id: required(20, 'text'),
    state: required(21, 'name'),
    table_name: required(22, 'name'),
    stream: required(23, 'name'),
    from_seq: optional(24, 'long'),
    to_seq: optional(25, 'long'),
    from_ts: optional(26, 'timestamp'),
    to_ts: optional(27, 'timestamp'),
    missing: optional(28, 'long'),
    cause: required(29, 'name'),
    detail: optional(30, 'text'),
  },
  partition: { time: 'day', byExchange: false },
  sort: ['exchange', 'market', 'symbol', 'event_ts'],
} as const satisfies TableContract

/** What became of the messages of a key and table in one minute, and how much of it is missing. */
export const coverage = {
  name: 'coverage',
  schemaVersion: '1.0.0',
  schemaId: 0,
  specId: 0,
  columns: {
    ...common,
    table_name: required(20, 'name'),
    minute: required(21, 'timestamp'),
    received: required(22, 'long'),
    stored: required(23, 'long'),
    duplicates: required(24, 'long'),
    filtered: required(25, 'long'),
    dead_letters: required(26, 'long'),
    gap_seconds: required(27, 'decimal'),
    causes: optional(28, 'name'),
  },
  partition: { time: 'day', byExchange: false },
  sort: ['exchange', 'market', 'symbol', 'event_ts'],
} as const satisfies TableContract

/** A frame that could not be read, with its bytes. */
export const deadLetter = {
  name: 'dead_letter',
  schemaVersion: '1.0.0',
  schemaId: 0,
  specId: 0,
  columns: {
    ...common,
    connection: required(20, 'name'),
    stream: optional(21, 'name'),
    reason: required(22, 'name'),
    detail: required(23, 'text'),
    decoder_version: required(24, 'name'),
    raw: required(25, 'bytes'),
  },
  partition: { time: 'day', byExchange: false },
  sort: ['exchange', 'market', 'symbol', 'event_ts'],
} as const satisfies TableContract

/** A frame of `dead_letter` that became rows after all, read by a later decoder. */
export const redrives = {
  name: 'redrives',
  schemaVersion: '1.0.0',
  schemaId: 0,
  specId: 0,
  columns: {
    ...common,
    dead_writer: required(20, 'name'),
    dead_frame: required(21, 'long'),
    stream: optional(22, 'name'),
    reason: required(23, 'name'),
    dead_letters: required(24, 'long'),
    stored: required(25, 'long'),
    duplicates: required(26, 'long'),
    decoder_version: required(27, 'name'),
  },
  partition: { time: 'day', byExchange: false },
  sort: ['exchange', 'market', 'symbol', 'event_ts'],
} as const satisfies TableContract

/** Our book against the exchange's at the same update: a row per wrong level, or one row when none is. */
export const bookAudit = {
  name: 'book_audit',
  schemaVersion: '1.0.0',
  schemaId: 0,
  specId: 0,
  columns: {
    ...common,
    last_seq: required(20, 'long'),
    levels_compared: required(21, 'int'),
    levels_wrong: required(22, 'int'),
    side: optional(23, 'name'),
    price: optional(24, 'decimal'),
    ours: optional(25, 'decimal'),
    theirs: optional(26, 'decimal'),
    healed: required(27, 'boolean'),
  },
  partition: { time: 'day', byExchange: false },
  sort: ['exchange', 'market', 'symbol', 'event_ts'],
} as const satisfies TableContract
