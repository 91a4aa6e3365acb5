import {
  createCommitter,
  createEpochWriter,
  openSqliteLedger,
  requestHash,
  tableDefinition,
} from '@cryptoflow/commit'
import { prepareAppend } from '@cryptoflow/iceberg'
import { dropImages, openControlLog } from '@cryptoflow/journal'
import { type EpochRequest, type TableContract, type TableName, tables } from '@cryptoflow/model'
import { type Clock, seededChance, systemClock } from '@cryptoflow/runtime'
import { type Board, openBoard } from './board.ts'
import { type CrashDrill, crashProbe } from './drill.ts'
import { NAMESPACE, openCatalog, warehouseAt } from './warehouse.ts'

/** Everything a publisher needs, as plain data that crosses threads. */
export interface PublisherConfig {
  readonly writer: string
  /** A label for people. */
  readonly name: string
  readonly warehouseDirectory: string
  /** Where the writer's control log and state images lie. */
  readonly controlDirectory: string
  readonly board: SharedArrayBuffer
  readonly drill: CrashDrill | null
}

/** The last sealed epoch of this writer: where recovery goes on. */
export interface LastSeal {
  readonly epoch: number
  readonly to: number
  readonly image: string
}

/**
 * Makes sealed requests public: SEAL, ledger, table, marks, release, in this order (`exactly-once.md` 3.1).
 */
export interface Publisher {
  /** Takes up what an earlier process left; null when nothing was ever sealed. */
  resume(): Promise<LastSeal | null>
  /** Returns when the request is accepted: the system's point of no return. */
  submit(request: EpochRequest, image: string): Promise<void>
  /** One committer round over all tables, then marks and releases. Answers the number of commits made. */
  round(): Promise<number>
  /** True when every sealed epoch is in its tables and released. */
  isSettled(): Promise<boolean>
  close(): Promise<void>
}

/** Rounds at the end: one that decides nothing means that another process committed in between. */
const CLOSING_ROUNDS_MAX = 100

/** Rounds until every sealed epoch is in its tables and released, or the table refuses to move on. */
export async function settle(publisher: Publisher): Promise<void> {
  for (let i = 0; i < CLOSING_ROUNDS_MAX && !(await publisher.isSettled()); i++) await publisher.round()
}
