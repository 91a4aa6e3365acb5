import {
  canHave,
  type Delivery,
  damaged,
  type Hall,
  type HallConnection,
  type Told,
} from '@cryptoflow/exchange-sim/memory'
import { type ConnectionPlan, planAudits, planConnections, subscribeFrames } from '@cryptoflow/ingest'
import { type Journal, REFUSED } from '@cryptoflow/journal'
import { CLOCK_GRID_US, type ExchangeMarket, encodeAnswer, encodeNote, RecordKind } from '@cryptoflow/model'
import type { LaneProgress } from '@cryptoflow/pipeline/parts'
import { type Chance, type Clock, seededChance } from '@cryptoflow/runtime'
import type { Mischance } from './life.ts'

/** A frame or answer that was handed to a journal. */
export interface Landing {
  readonly told: Told
  readonly record: number
  readonly receivedUs: number
  readonly bytes: Uint8Array
  /** By the record that opened it; 0 for an answer. */
  readonly connection: number
  readonly isDamaged: boolean
}

export interface ListenerOptions {
  readonly hall: Hall
  readonly market: ExchangeMarket
  readonly symbols: readonly string[]
  readonly streams: readonly string[]
  readonly journal: Journal
  readonly clock: Clock
  readonly chance: Chance
  readonly mischance: Mischance
  readonly landed: (landing: Landing) => void
  /** What a subscription of an audit was told: it is no message of its stream. */
  readonly aside: (told: Told) => void
}

/**
 * Stands for `ingest`, whose sockets cannot run in memory: it connects as planned, subscribes, writes what ingest writes into the journal, in
 * the same order and forms, and answers what the lane asks for. Between it and the exchange lies a network that
 * misbehaves by the plan.
 */
export interface Listener {
  want(request: { readonly symbol: string; readonly stream: string; readonly resync: number }): void
  heard(progress: Pick<LaneProgress, 'closing' | 'broken'>): void
  /** Ends every connection, as on a disk that is full, until `resume`. */
  pause(): void
  resume(): void
  /** Ends every connection; what is in flight arrives before. */
  stop(): void
  /** The process is gone: the exchange sees its connections end. */
  vanish(): void
}

type Wanted = Parameters<Listener['want']>[0]

const nothing = new Uint8Array(0)
const BACKOFF_MS = 30
const RETRY_MS = 80
const UNIT_MS = 10
const AUDIT_EVERY_MS = 170

export function openListener(options: ListenerOptions): Listener {
  const { market, journal, clock, symbols, streams } = options
  const plans = planConnections(market, symbols, streams)
  let sessions: SimSession[] = []
  let isStopped = false
  const wanted = new Map<string, Wanted>()
  /** Connections whose end a full disk did not take. */
  const open = new Set<number>()
  const append = (kind: RecordKind, connection: number, payload: Uint8Array): number => {
    const number = journal.append(kind, connection, clock.nowUs(), payload)
    if (number === REFUSED) return number
    if (kind === RecordKind.connect) open.add(number)
    if (kind === RecordKind.disconnect) open.delete(connection)
    return number
  }
  const start = (): void => {
    sessions = plans.map((plan) => openSession({ ...options, plan, append }))
  }
  const stopClock = everyCell(clock, () => append(RecordKind.clock, 0, nothing))

  const ask = (key: string, want: Wanted): void => {
    const { hall, mischance, chance, landed } = options
    const request = market.session.snapshotRequest
    if (request === null || isStopped || wanted.get(key) !== want) return
    const { path } = request(want.symbol)
    const slow = mischance.once('slow')
    const answer = slow === null ? hall.ask(market.session.restUrl + path) : null
    if (answer === null) {
      clock.after(RETRY_MS, () => ask(key, want))
      return
    }
    clock.after(5 + chance.below(60), () => {
      if (isStopped) return
      const context = { exchange: market.exchange, market: market.market, ...want, status: answer.status }
      const bytes = encodeAnswer(context, answer.body)
      const record = append(RecordKind.answer, 0, bytes)
      if (record === REFUSED) return
      const receivedUs = clock.nowUs()
      landed({ told: answer.told, record, receivedUs, bytes, connection: 0, isDamaged: false })
      if (wanted.get(key) === want) wanted.delete(key)
    })
  }
  /** Asks for a book that is to be compared with ours, as `ingest` does. */
  const audit = (symbol: string, stream: string): void => {
    const { mischance, chance, landed } = options
    if (isStopped) return
    const place = { exchange: market.exchange, market: market.market, symbol, stream }
    const number = append(RecordKind.audit, 0, encodeNote({ ...place, state: 'asked' }))
    const answer = mischance.once('slow') === null ? snapshotOf(options, symbol, stream) : null
    clock.after(5 + chance.below(60), () => {
      if (isStopped || number === REFUSED) return
      if (answer === null) append(RecordKind.audit, 0, encodeNote({ ...place, state: 'failed' }))
      else {
        const about = { ...place, resync: 0, status: 200, audit: number, ...answer.about }
        const bytes = encodeAnswer(about, answer.body)
        const record = append(RecordKind.answer, 0, bytes)
        if (record === REFUSED) return
        const receivedUs = clock.nowUs()
        landed({ told: answer.told, record, receivedUs, bytes, connection: 0, isDamaged: false })
      }
    })
  }
  const audited = planAudits(market, symbols, streams, AUDIT_EVERY_MS)
  const stopAudits = clock.every(AUDIT_EVERY_MS, () => {
    if (audited !== null) for (const symbol of symbols) audit(symbol, audited.stream.name)
  })
  start()
  return {
    want({ symbol, stream, resync }) {
      const key = `${symbol} ${stream}`
      const spec = market.streams.find(({ name }) => name === stream)
      if (spec?.book?.origin === 'stream') {
        for (const session of sessions) if (session.carries(symbol, stream)) session.replace()
        return
      }
      const known = wanted.get(key)
      if (known !== undefined && known.resync >= resync) return
      const want = { symbol, stream, resync }
      wanted.set(key, want)
      ask(key, want)
    },
    heard({ closing, broken }) {
      for (const connection of [...closing, ...broken]) {
        for (const session of sessions) if (session.number === connection) session.replace()
      }
    },
    pause() {
      for (const session of sessions) session.stop()
    },
    resume() {
      const note = encodeNote({ code: 1006, reason: 'closed by us', cause: 'disk_full' })
      for (const connection of [...open]) append(RecordKind.disconnect, connection, note)
      if (isStopped) return
      start()
      for (const [key, want] of wanted) ask(key, want)
    },
    stop() {
      isStopped = true
      stopClock()
      stopAudits()
      for (const session of sessions) session.stop()
    },
    vanish() {
      isStopped = true
      stopClock()
      stopAudits()
      for (const session of sessions) session.vanish()
    },
  }
}

/** A book as an audit gets it: by REST, or as the first message of a subscription of its own. */
function snapshotOf(
  { hall, market, aside }: ListenerOptions,
  symbol: string,
  stream: string,
): { readonly told: Told; readonly body: Uint8Array; readonly about: { readonly isFrame?: true } } | null {
  const { session } = market
  const request = session.snapshotRequest?.(symbol)
  if (request !== undefined) {
    const answer = hall.ask(session.restUrl + request.path)
    return answer === null ? null : { told: answer.told, body: answer.body, about: {} }
  }
  const route = market.streams.find(({ name }) => name === stream)?.route ?? ''
  let first: Delivery | null = null
  const heard = (delivery: Delivery): void => {
    if (delivery.told?.isSnapshot) first ??= delivery
  }
  const connection = hall.connect(session.routes[route] as string, { heard, closed: () => {} })
  for (const text of subscribeFrames(market, [{ symbol, stream }])) connection?.say(text)
  connection?.leave()
  const { told, bytes } = (first ?? { told: null, bytes: nothing }) as Delivery
  if (told === null) return null
  aside(told)
  return { told, body: bytes, about: { isFrame: true } }
}

/** Calls back whenever the clock has passed a multiple of the records' grid. */
function everyCell(clock: Clock, passed: () => void): () => void {
  let cell = Math.floor(clock.nowUs() / CLOCK_GRID_US)
  return clock.every(UNIT_MS, () => {
    const reached = Math.floor(clock.nowUs() / CLOCK_GRID_US)
    if (reached > cell) passed()
    cell = reached
  })
}

interface SessionOptions extends ListenerOptions {
  readonly plan: ConnectionPlan
  readonly append: (kind: RecordKind, connection: number, payload: Uint8Array) => number
}

interface SimSession {
  /** Of the connection that is up; 0: none is. */
  readonly number: number
  carries(symbol: string, stream: string): boolean
  /** Ends the connection and opens another. */
  replace(): void
  stop(): void
  vanish(): void
}

/** The connections of one plan, one after the other, and the network under them. */
function openSession(options: SessionOptions): SimSession {
  const { hall, market, plan, clock, mischance, append } = options
  let wire: Wire | null = null
  let isStopped = false
  const connect = (): void => {
    if (isStopped) return
    const number = append(RecordKind.connect, 0, encodeNote(plan.note))
    if (number === REFUSED) return
    const own = openWire(options, number, (code) => {
      append(RecordKind.disconnect, number, encodeNote({ code, reason: 'simulated' }))
      if (wire === own) wire = null
      clock.after(BACKOFF_MS, connect)
    })
    wire = own
    const connection = hall.connect(market.session.routes[plan.route] as string, own)
    own.attach(connection as HallConnection)
    for (const text of subscribeFrames(market, plan.note.subscriptions)) connection?.say(text)
  }
  const cutter = clock.every(UNIT_MS, () => {
    const victim = wire
    if (victim === null) return
    const mute = mischance.once('mute')
    if (mute !== null) {
      victim.mute()
      clock.after(mute.count * UNIT_MS, victim.cut)
    } else if (mischance.once('cut') !== null) victim.cut()
  })
  connect()
  return {
    get number() {
      return wire?.number ?? 0
    },
    carries: (symbol, stream) =>
      plan.note.subscriptions.some((own) => own.symbol === symbol && own.stream === stream),
    replace: () => wire?.close(),
    stop() {
      isStopped = true
      cutter()
      wire?.close()
    },
    vanish() {
      isStopped = true
      cutter()
      wire?.drop()
    },
  }
}

interface Wire {
  readonly number: number
  attach(connection: HallConnection): void
  heard(delivery: Delivery): void
  closed(code: number): void
  /** Ends it from our side, hearing what still comes. */
  close(): void
  /** Ends it at once: what is in flight is lost. */
  cut(): void
  /** Nothing arrives any more. */
  mute(): void
  /** Ends it without a word in the journal. */
  drop(): void
}

/** One connection: frames in order, each late by its own time, some spoiled by the plan. */
function openWire(options: SessionOptions, number: number, ended: (code: number) => void): Wire {
  const { clock, chance, mischance, append, landed } = options
  const withheld = new Map<string, number>()
  let connection: HallConnection | null = null
  let isOver = false
  let isMute = false
  let arrivesUs = clock.nowUs()

  const arrive = (bytes: Uint8Array, told: Told | null, isDamaged: boolean): void => {
    if (isOver) return
    const record = append(RecordKind.frame, number, bytes)
    if (record === REFUSED || told === null) return
    landed({ told, record, receivedUs: clock.nowUs(), bytes, connection: number, isDamaged })
  }
  const end = (code: number): void => {
    if (isOver) return
    isOver = true
    connection?.leave()
    ended(code)
  }
  const isWithheld = ({ kind, streamName }: Told): boolean => {
    const left = withheld.get(streamName) ?? 0
    const fault = left === 0 && kind !== null && canHave(kind, 'gap') ? mischance.once('gap') : null
    const more = fault === null ? left : 1 + (fault.count % 3)
    withheld.set(streamName, Math.max(0, more - 1))
    return more > 0
  }
  /** Calls back in the order of the calls, after a while. */
  const later = (work: () => void): void => {
    const slow = mischance.due('slow')
    const delayMs = chance.below(4) + (slow === null ? 0 : slow.fault.seed % 60)
    arrivesUs = Math.max(arrivesUs, clock.nowUs() + delayMs * 1000)
    clock.after((arrivesUs - clock.nowUs()) / 1000, work)
  }
  return {
    number,
    attach(own) {
      connection = own
      if (isOver) own.leave()
    },
    heard({ bytes, told }) {
      if (isOver || isMute) return
      const kind = told?.kind ?? null
      if (told === null || kind === null) return later(() => arrive(bytes, told, false))
      if (isWithheld(told)) return
      const damage = canHave(kind, 'malformed') ? mischance.once('damage') : null
      if (damage !== null) {
        const text = damaged(new TextDecoder().decode(bytes), seededChance(damage.seed))
        return later(() => arrive(new TextEncoder().encode(text), told, true))
      }
      later(() => arrive(bytes, told, false))
      const isRepeatable = canHave(kind, 'duplicate') && !told.isSnapshot
      const again = isRepeatable ? mischance.once('duplicate') : null
      if (again !== null) later(() => arrive(bytes, told, false))
    },
    closed: (code) => later(() => end(code)),
    close: () => end(1000),
    cut: () => end(1006),
    mute() {
      isMute = true
    },
    drop() {
      isOver = true
      connection?.leave()
    },
  }
}
