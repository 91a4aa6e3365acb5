import {
  assert,
  type ControlEntry,
  type EpochItem,
  type EpochRequest,
  type Ledger,
  type SealEntry,
  type TableName,
} from '@cryptoflow/model'
import { type Clock, CryptoFlowError, messageOf } from '@cryptoflow/runtime'
import { applyEpoch, type EpochAction, type EpochEvent, type EpochState } from './epoch.ts'
import { requestHash } from './hash.ts'
import { lastNamedAfter } from './lost-items.ts'
import { openVoids, type VoidRows } from './void-rows.ts'

/** A writer's control log as this package needs it. */
export interface EpochLog {
  /** What is durable. */
  readonly entries: readonly ControlEntry[]
  /** Returns when the entry is durable. */
  append(entry: ControlEntry): Promise<void>
}

export interface EpochWriterOptions {
  readonly log: EpochLog
  readonly ledger: Ledger
  readonly clock: Clock
  /** The journal's id (R3). */
  readonly writer: string
  /** A label for people; no rule depends on it. */
  readonly name: string
  readonly sealedMax?: number
  readonly acceptedMax?: number
}

/** A cut whose files and state image are durable. */
export interface Seal {
  readonly request: EpochRequest
  readonly image: string
}

export interface LastSealed {
  readonly epoch: number
  readonly to: number
  readonly image: string
}

export interface Fence {
  readonly epoch: number
  readonly reason: string
  /**
   * Whether all that stays with this id is accepted: then a new id begins after `lastSealed`, or where this
   * one began when there is none. Settle until it is.
   */
  readonly settled: boolean
}

export interface EpochWriterStatus {
  readonly sealed: number
  readonly accepted: number
  /** After a fence: the last that stays with this id. */
  readonly lastSealed: LastSealed | null
  readonly lastReleased: number
  /** False at a bound and after a fence: stop cutting, let the journal grow (section 9). */
  readonly canSeal: boolean
  /** Age of the oldest epoch not released, milliseconds; 0 when there is none. */
  readonly backlogMs: number
  /** As of the last look at the ledger: void, and not in the files of a later epoch. Oldest first. */
  readonly voids: readonly VoidRows[]
  /** Why this writer id may not be used any more (R12). */
  readonly fenced: Fence | null
  /** Why the last look at the ledger ended early; null when it did not. */
  readonly trouble: string | null
}

/**
 * A journal's epochs on their way from the seal to the release. The ledger being away stops nothing but
 * release. A control log that fails to append ends the writer: every later call throws (K4); where only room was missing
 * (`retry`) the same call may be made again.
 */
export interface EpochWriter {
  /** Reads the control log and looks for signs that this id is used elsewhere. Call first, before intake. */
  resume(): Promise<{ readonly lastSealed: LastSealed | null }>
  /** Seals the next epoch. Returns when the seal is durable; the put was tried once. */
  submit(seal: Seal): Promise<void>
  /** Sends again what is not accepted and releases what every table has; the epochs released now. */
  settle(): Promise<readonly number[]>
  readonly state: EpochWriterStatus
}

/** Bounds of section 9: a day of 30 s epochs, and a ledger away for half an hour. */
const sealedMaxDefault = 64
const acceptedMaxDefault = 2_880
/** Items asked for at once when looking for what can be released. */
const itemsPerQuery = 100

export function createEpochWriter(options: EpochWriterOptions): EpochWriter {
  const writer = new EpochLine(options)
  let turn: Promise<unknown> = Promise.resolve()
  /** One call after the other: a barrier and a timer may meet here. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = turn.then(work)
    turn = result.catch(() => {})
    return result
  }
  return {
    resume: () => inTurn(() => writer.resume()),
    submit: (seal) => inTurn(() => writer.submit(seal)),
    settle: () => inTurn(() => writer.settle()),
    get state() {
      return writer.status()
    },
  }
}

interface Line {
  readonly seal: SealEntry
  state: EpochState
  /** Tables that have passed over it, as the ledger told. */
  voids: readonly TableName[]
}

/** The unreleased epochs of one writer, oldest first. */
class EpochLine {
  readonly #options: EpochWriterOptions
  #lines: Line[] = []
  #lastSealed: SealEntry | null = null
  #released: SealEntry | null = null
  #fenced: Omit<Fence, 'settled'> | null = null
  #trouble: string | null = null
  #broken: unknown = null
  #resumed = false

  constructor(options: EpochWriterOptions) {
    this.#options = options
  }

  async resume(): Promise<{ lastSealed: LastSealed | null }> {
    assert(!this.#resumed, 'a control log is read once')
    this.#resumed = true
    for (const entry of this.#options.log.entries) this.#recall(entry)
    await this.#withLedger(() => this.#lookAhead())
    return { lastSealed: this.status().lastSealed }
  }

  async submit({ request: cut, image }: Seal): Promise<void> {
    this.#checkUsable()
    const { epoch, from, to } = cut
    assert(cut.writer === this.#options.writer, 'a request names the writer that seals it')
    assert(epoch === (this.#lastSealed?.epoch ?? 0) + 1, 'epochs are dense from 1')
    assert(
      this.#lastSealed === null || from === this.#lastSealed.to + 1,
      'an epoch begins where the last ended',
    )
    assert(this.status().canSeal, 'no epoch is sealed at the bound or after a fence')
    const request: EpochRequest = { ...cut, lastNamed: lastNamedAfter(this.#lastSealed) }
    const seal: SealEntry = { kind: 'seal', epoch, from, to, request, hash: requestHash(request), image }
    const line: Line = { seal, state: applyEpoch('open', 'barrier').state, voids: [] }
    await this.#meet(line, 'files-durable')
    this.#keep(line)
    await this.#withLedger(() => this.#sendSealed())
  }

  async settle(): Promise<readonly number[]> {
    this.#checkUsable()
    const released: number[] = []
    await this.#withLedger(async () => {
      await this.#sendSealed()
      await this.#releaseDecided(released)
    })
    return released
  }

  status(): EpochWriterStatus {
    const { clock, sealedMax = sealedMaxDefault, acceptedMax = acceptedMaxDefault } = this.#options
    const sealed = this.#lines.filter(({ state }) => state === 'sealed').length
    const accepted = this.#lines.filter(({ state }) => state === 'accepted' || state === 'committed').length
    const oldestMs = this.#lines[0]?.seal.request.sealedAtMs
    return {
      sealed,
      accepted,
      lastSealed: this.#lastSealed && lastSealedOf(this.#lastSealed),
      lastReleased: this.#released?.epoch ?? 0,
      canSeal: this.#fenced === null && sealed < sealedMax && sealed + accepted < acceptedMax,
      backlogMs: oldestMs === undefined ? 0 : Math.max(0, clock.nowUs() / 1000 - oldestMs),
      voids: openVoids(this.#lines),
      fenced: this.#fenced && { ...this.#fenced, settled: sealed === 0 },
      trouble: this.#trouble,
    }
  }

  /** One entry of the control log, as it was appended in an earlier life. */
  #recall(entry: ControlEntry): void {
    if (entry.kind === 'seal') this.#keep({ seal: entry, state: 'sealed', voids: [] })
    else if (entry.kind === 'fenced') this.#cutOff(entry)
    else this.#advance(entry)
  }

  #advance(entry: Extract<ControlEntry, { kind: 'accepted' | 'released' }>): void {
    const line = this.#lines.find(({ seal }) => seal.epoch === entry.epoch)
    assert(line !== undefined, `the control log seals epoch ${entry.epoch} before it is ${entry.kind}`)
    line.state = entry.kind
    if (entry.kind === 'released') this.#forget(line)
  }

  #keep(line: Line): void {
    this.#lines.push(line)
    this.#lastSealed = line.seal
  }

  #forget(line: Line): void {
    assert(this.#lines[0] === line, 'epochs are released in order')
    this.#lines.shift()
    this.#released = line.seal
  }

  /** Epochs before the fenced one stay ours to settle; the others are never sent. */
  #cutOff({ epoch, reason }: { readonly epoch: number; readonly reason: string }): void {
    this.#fenced = { epoch, reason }
    this.#lines = this.#lines.filter(({ seal }) => seal.epoch < epoch)
    this.#lastSealed = this.#lines.at(-1)?.seal ?? this.#released
  }

  /** K6, K15: nobody but us fills our slots, so one filled beyond our last seal is the work of a copy. */
  async #lookAhead(): Promise<void> {
    if (this.#fenced !== null) return
    const epoch = (this.#lastSealed?.epoch ?? 0) + 1
    const item = await this.#options.ledger.item(this.#options.writer, epoch)
    if (item === null) return
    const found = item.kind === 'end' ? 'the end of this writer' : 'a request that this journal never sealed'
    await this.#fence(epoch, `slot ${epoch} holds ${found}`)
  }

  /** R2: the sealed requests themselves, in order, before anything else. */
  async #sendSealed(): Promise<void> {
    for (const line of [...this.#lines]) {
      if (line.state === 'sealed') await this.#send(line)
      if (this.#fenced !== null && this.#fenced.epoch <= line.seal.epoch) return
    }
  }

  async #send(line: Line): Promise<void> {
    const { request, hash } = line.seal
    const { ledger, writer, name } = this.#options
    // At every put: a ledger restored from a copy may have lost the entry, and nobody would ever read the item.
    await ledger.register(writer, name)
    const answer = await ledger.put(request, hash)
    await this.#meet(line, answer === 'taken' ? 'taken' : 'stored')
  }

  /** R11: in order, each only when all its tables are done for our hash. Lost items are put again. */
  async #releaseDecided(released: number[]): Promise<void> {
    const { ledger, writer } = this.#options
    const [first] = this.#lines
    if (first === undefined) return
    const items = await ledger.consecutive(writer, first.seal.epoch, itemsPerQuery)
    // Far behind an epoch that is void may come the one that brings its rows, and be void itself.
    for (const line of this.#lines.slice(itemsPerQuery)) {
      if (line.seal.request.replaces === undefined) continue
      const item = await ledger.item(writer, line.seal.epoch)
      if (item?.kind === 'request') line.voids = item.voids
    }
    for (const [index, line] of this.#lines.slice(0, itemsPerQuery).entries()) {
      if (line.state === 'committed') {
        // Decided at an earlier call, whose last entry found no room.
        await this.#release(line, released)
        continue
      }
      if (line.state !== 'accepted') return
      // The run ends before an empty slot or an end, and these two are very different things.
      const item = items[index] ?? (await ledger.item(writer, line.seal.epoch))
      const event = eventOf(line.seal, item)
      if (item?.kind === 'request') line.voids = item.voids
      if (event === null) continue
      if (event === 'decided' && line !== this.#lines[0]) continue
      await this.#meet(line, event)
      if (event === 'vanished') await this.#send(line)
      if (event === 'decided') await this.#release(line, released)
    }
  }

  async #release(line: Line, released: number[]): Promise<void> {
    await this.#meet(line, 'turn')
    released.push(line.seal.epoch)
    this.#forget(line)
  }

  /** Does what the event asks of the control log; only then does the next state count. */
  async #meet(line: Line, event: EpochEvent): Promise<void> {
    const { state, actions } = applyEpoch(line.state, event)
    for (const action of actions) await this.#record(line.seal, action)
    line.state = state
  }

  async #record(seal: SealEntry, action: EpochAction): Promise<void> {
    const { epoch } = seal
    switch (action) {
      case 'append-seal':
        return this.#append(seal)
      case 'append-accepted':
        return this.#append({ kind: 'accepted', epoch })
      case 'append-released':
        return this.#append({ kind: 'released', epoch })
      case 'append-fenced':
        return this.#fence(epoch, `slot ${epoch} holds another request or the end of this writer`)
      case 'put':
      case 'cut':
      case 'forget':
        return
    }
  }

  async #fence(epoch: number, reason: string): Promise<void> {
    await this.#append({ kind: 'fenced', epoch, reason })
    this.#cutOff({ epoch, reason })
  }

  async #append(entry: ControlEntry): Promise<void> {
    try {
      await this.#options.log.append(entry)
    } catch (error) {
      // An entry that found no room never was, and may be appended again (K8).
      const isPassing = error instanceof CryptoFlowError && error.reaction === 'retry'
      if (!isPassing) this.#broken = error
      throw error
    }
  }

  /** A ledger that is away for a while is trouble for the next call to settle, not an error of this one. */
  async #withLedger(work: () => Promise<void>): Promise<void> {
    try {
      await work()
      this.#trouble = null
    } catch (error) {
      const isPassing = error instanceof CryptoFlowError && error.reaction === 'retry'
      if (this.#broken !== null || !isPassing) throw error
      this.#trouble = messageOf(error)
    }
  }

  #checkUsable(): void {
    assert(this.#resumed, 'the control log is read before anything is sealed or settled')
    if (this.#broken !== null) throw this.#broken
  }
}

function lastSealedOf({ epoch, to, image }: SealEntry): LastSealed {
  return { epoch, to, image }
}

/**
 * What the item in an accepted epoch's slot means; null: not every table is done. Slots are written once and
 * ours was there, so another item means a damaged ledger: nothing may be released, and nothing cut again.
 */
function eventOf({ epoch, request, hash }: SealEntry, item: EpochItem | null): 'vanished' | 'decided' | null {
  if (item === null) return 'vanished'
  if (item.kind === 'end' || item.hash !== hash) {
    throw new CryptoFlowError(
      'releasing an accepted epoch: its slot holds another item, expected our request',
      {
        kind: 'ledger',
        reaction: 'stop',
        context: { writer: request.writer, epoch },
      },
    )
  }
  const done = new Map(Object.entries(item.done))
  return Object.keys(request.tables).every((table) => done.has(table)) ? 'decided' : null
}
