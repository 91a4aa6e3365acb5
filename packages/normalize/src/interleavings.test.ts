import { describe, expect, it } from 'vitest'
import {
  type Chance,
  chanceOf,
  FakeLane,
  type Level,
  type Message,
  type Row,
  START_US,
  type Step,
} from './lane-fixture.ts'
import type { SnapshotRequest } from './normalizer-options.ts'

/**
 * Random runs of a small exchange over a bad network, against a second, plain computation: Maps for books, a set of
 * heard sequence numbers for duplicates, every image sorted anew.
 */

const SYMBOLS = ['__proto__', '测试USDT', 'BTCUSDT']
const DERIVED_US = 100_000
const CHECKPOINT_US = 1_000_000
const LEVELS = 3
const SEEDS = Array.from({ length: 30 }, (_, seed) => seed + 1)

/** The exchange's truth of one symbol: every delta, and the book after every sequence number. */
class Truth {
  seq = 0
  book = new Map<string, string>()
  readonly after = new Map<number, Map<string, string>>([[0, new Map()]])

  next(symbol: string, chance: Chance): Message {
    const first = this.seq + 1
    const last = first + chance(3)
    const levels: Level[] = Array.from({ length: 1 + chance(3) }, () => {
      const isBid = chance(2) === 0
      const price = `${isBid ? 90 + chance(10) : 101 + chance(10)}.${['0', '00', '5', '50'][chance(4)]}`
      return [isBid ? 'bid' : 'ask', price, chance(3) === 0 ? '0.000' : `${1 + chance(9)}.${chance(10)}`]
    })
    this.book = new Map(this.book)
    for (const level of levels) setLevel(this.book, level)
    this.seq = last
    this.after.set(last, this.book)
    return { kind: 'delta', symbol, first, last, levels }
  }
}

/** Levels by side and value of the price; the text is what an image shows. */
function setLevel(book: Map<string, string>, [side, price, quantity]: Level): void {
  const place = `${side} ${Number(price)}`
  if (Number(quantity) === 0) book.delete(place)
  else book.set(place, `${price} ${quantity}`)
}

function imageOf(book: Map<string, string>, levels: number): string[] {
  const sides = { bid: [] as [number, string][], ask: [] as [number, string][] }
  for (const [place, text] of book) {
    const [side, price] = place.split(' ') as ['bid' | 'ask', string]
    sides[side].push([Number(price), text])
  }
  sides.bid.sort(([a], [b]) => b - a)
  sides.ask.sort(([a], [b]) => a - b)
  return (['bid', 'ask'] as const).flatMap((side) =>
    sides[side].slice(0, levels).map(([, text], level) => `${side} ${level} ${text}`),
  )
}

function levelsOf(book: Map<string, string>): Level[] {
  return Array.from(book, ([place, text]) => {
    const [price, quantity] = text.split(' ') as [string, string]
    return [place.startsWith('bid') ? 'bid' : 'ask', price, quantity]
  })
}

interface Script {
  readonly steps: Step[]
  readonly truths: Map<string, Truth>
}

/** Plays a bad network; snapshots are asked for by a lane that plays along, and answered late or never. */
function script(seed: number, length: number): Script {
  const chance = chanceOf(seed)
  const truths = new Map(SYMBOLS.map((symbol) => [symbol, new Truth()]))
  const lane = newLane()
  const steps: Step[] = []
  const lost: Message[] = []
  const sent: Message[] = []
  const answers: { request: SnapshotRequest; last: number }[] = []
  let connection = 0
  let asked = 0
  const play = (step: Step): void => {
    const timed = { ...step, atUs: lane.nowUs + chance(chance(8) === 0 ? 400_000 : 30_000) }
    steps.push(timed)
    lane.play(timed)
    if (step.kind === 'connect') connection = lane.number
  }
  const connect = (): void =>
    play({ kind: 'connect', subscriptions: SYMBOLS.map((symbol) => [symbol, 'depth'] as const) })
  const send = (...messages: Message[]): void => play({ kind: 'frame', connection, messages })
  play({ kind: 'start' })
  connect()
  for (let i = 0; i < length; i++) {
    const symbol = SYMBOLS[chance(SYMBOLS.length)] as string
    const truth = truths.get(symbol) as Truth
    const dice = chance(100)
    if (dice < 62) {
      const messages = Array.from({ length: 1 + chance(2) }, () => truth.next(symbol, chance))
      sent.push(...messages)
      send(...messages)
    } else if (dice < 66) lost.push(truth.next(symbol, chance))
    else if (dice < 70 && sent.length > 0) send(sent[Math.max(0, sent.length - 1 - chance(6))] as Message)
    else if (dice < 73 && lost.length > 0) send(lost.splice(chance(lost.length), 1)[0] as Message)
    else if (dice < 75) {
      truth.next(symbol, chance)
      play({ kind: 'dead', connection })
    } else if (dice < 77) {
      play({ kind: 'disconnect', connection })
      if (chance(2) === 0) lost.push(truth.next(symbol, chance))
      connect()
    } else if (dice < 78) {
      if (chance(2) === 0) play({ kind: 'stop' })
      if (chance(2) === 0) truth.next(symbol, chance)
      play({ kind: 'start' })
      connect()
    } else if (dice < 82) play({ kind: 'clock' })
    for (const request of lane.wanted.slice(asked)) {
      const known = (truths.get(request.symbol) as Truth).after
      answers.push({ request, last: [...known.keys()].at(-1 - chance(Math.min(3, known.size))) as number })
    }
    asked = lane.wanted.length
    if (chance(100) >= 40 || answers.length === 0) continue
    const { request, last } = answers.splice(chance(answers.length), 1)[0] as (typeof answers)[number]
    const known = (truths.get(request.symbol) as Truth).after
    const renewed = chance(2) === 0 ? last : ([...known.keys()].at(-1) as number)
    const snapshot = { last: renewed, levels: levelsOf(known.get(renewed) as Map<string, string>) }
    const { resync } = request
    play({
      kind: 'answer',
      symbol: request.symbol,
      resync,
      snapshot: chance(10) === 0 ? null : snapshot,
    })
  }
  play({ kind: 'stop' })
  return { steps, truths }
}

function newLane(): FakeLane {
  return new FakeLane({
    images: { derivedEveryUs: DERIVED_US, derivedLevels: LEVELS, checkpointEveryUs: CHECKPOINT_US },
  })
}

/** What a plain reading of the rules expects of one symbol. */
class Plain {
  readonly expected: string[] = []
  readonly counters = { duplicates: 0, applied: 0, bridged: 0, asked: 0 }
  private readonly symbol: string
  private heard = new Set<number>()
  private last = Number.NaN
  private lastFrame = 0
  private interruption: string | null = null
  private openGap: string | null = null
  private state = 'waiting'
  private loaded: { last: number; book: Map<string, string> } | null = null
  private book: Map<string, string> | null = null
  private bookSeq = Number.NaN
  private bookFrame = 0
  private held: { message: Message; frame: number }[] = []
  private resync = 0
  private changed = false
  private unsaved = false
  private cell = 0
  private checkpointCell = 0
  private deadFrame = 0
  private stopped = false

  constructor(symbol: string) {
    this.symbol = symbol
  }

  step(step: Step, frame: number): void {
    const us = step.atUs as number
    if (Math.floor(us / DERIVED_US) > this.cell) this.derive()
    this.cell = Math.floor(us / DERIVED_US)
    const checkpointCell = Math.floor(us / CHECKPOINT_US)
    if (checkpointCell > this.checkpointCell && this.book !== null && this.unsaved) this.checkpoint()
    this.checkpointCell = checkpointCell
    if (step.kind === 'connect' && this.resync === 0) this.ask()
    else if (step.kind === 'disconnect') this.interrupt('disconnect')
    else if (step.kind === 'dead') this.deadFrame = frame
    else if (step.kind === 'start') {
      this.derive()
      if (!this.stopped) this.interrupt('restart')
      this.stopped = false
      this.deadFrame = 0
    } else if (step.kind === 'stop') this.stop()
    else if (step.kind === 'frame') {
      for (const message of step.messages) if (message.symbol === this.symbol) this.message(message, frame)
    } else if (step.kind === 'answer' && step.symbol === this.symbol) {
      this.answer(step.resync, step.snapshot)
    }
    if (step.kind === 'disconnect') this.deadFrame = 0
  }

  private interrupt(cause: string): void {
    if (this.lastFrame > 0 && this.openGap === null) this.interruption ??= cause
  }

  private stop(): void {
    this.derive()
    this.stopped = true
    if (this.openGap !== null) return
    this.openGap = this.lastFrame > 0 ? 'shutdown' : 'start'
    this.interruption = null
    this.expected.push(`gap open ${this.openGap} ${this.last} NaN`)
  }

  private message(message: Message, frame: number): void {
    const { first, last = first } = message
    const isFirst = this.lastFrame === 0
    const ids = Array.from({ length: last - first + 1 }, (_, i) => first + i)
    const isLate = !isFirst && last <= this.last
    if (isLate && ids.some((id) => this.heard.has(id))) {
      this.counters.duplicates += 1
      return
    }
    for (const id of ids) this.heard.add(id)
    if (isLate) {
      this.expected.push(`delta ${first} ${last} stale`)
      return
    }
    const isGap = !isFirst && first > this.last + 1
    if (this.openGap !== null || isFirst || isGap) {
      const found = this.deadFrame > this.lastFrame ? 'undecodable' : 'sequence'
      const cause = this.openGap ?? (isFirst ? 'start' : (this.interruption ?? found))
      this.expected.push(`gap closed ${cause} ${this.last} ${first}`)
    }
    this.openGap = null
    this.interruption = null
    this.last = last
    this.lastFrame = frame
    this.expected.push(`delta ${first} ${last} ${this.state}`)
    this.toBook(message, frame, isGap)
  }

  private toBook(message: Message, frame: number, isGap: boolean): void {
    const { first, last = first } = message
    if (this.book !== null) {
      if (first <= this.bookSeq + 1) this.apply(message, frame)
      else this.lose({ message, frame })
    } else if (this.loaded !== null) {
      if (last <= this.loaded.last) return
      if (first > this.loaded.last + 1) {
        this.loaded = null
        this.held = [{ message, frame }]
        this.ask()
        return
      }
      this.join([{ message, frame }])
    } else this.held = isGap ? [{ message, frame }] : [...this.held, { message, frame }]
  }

  private answer(resync: number, snapshot: { last: number; levels: readonly Level[] } | null): void {
    if (snapshot !== null) this.expected.push(`snapshot ${snapshot.last} ${snapshot.levels.length}`)
    if (resync !== this.resync || this.book !== null || this.loaded !== null) return
    if (snapshot === null) {
      this.ask()
      return
    }
    const book = new Map<string, string>()
    for (const level of snapshot.levels) setLevel(book, level)
    const useful = this.held.filter(({ message }) => (message.last ?? message.first) > snapshot.last)
    if (useful[0] !== undefined && useful[0].message.first > snapshot.last + 1) {
      this.ask()
      return
    }
    this.loaded = { last: snapshot.last, book }
    this.held = []
    if (useful.length > 0) this.join(useful)
  }

  private join(deltas: { message: Message; frame: number }[]): void {
    this.book = this.loaded?.book ?? new Map()
    this.loaded = null
    this.state = 'live'
    this.counters.bridged += 1
    for (const { message, frame } of deltas) this.apply(message, frame)
    this.checkpoint()
  }

  private apply({ first, last = first, levels = [] }: Message, frame: number): void {
    for (const level of levels) setLevel(this.book as Map<string, string>, level)
    this.bookSeq = last
    this.bookFrame = frame
    this.changed = true
    this.unsaved = true
    this.counters.applied += 1
  }

  private lose(delta: { message: Message; frame: number }): void {
    this.book = null
    this.state = 'resync'
    this.held = [delta]
    this.changed = false
    this.unsaved = false
    this.ask()
  }

  private ask(): void {
    this.resync += 1
    this.counters.asked += 1
  }

  private derive(): void {
    if (this.changed) this.image('derived', LEVELS)
    this.changed = false
  }

  private checkpoint(): void {
    this.image('checkpoint', 1_000)
    this.unsaved = false
  }

  private image(kind: string, levels: number): void {
    const content = imageOf(this.book as Map<string, string>, levels)
    if (content.length === 0) return
    this.expected.push(`${kind} ${this.bookSeq} ${this.bookFrame} ${content.join(', ')}`)
  }
}

/** Rows of a symbol in the words of `Plain`. */
function wordsOf(rows: Row[], symbol: string): string[] {
  const words: string[] = []
  let image: Row | null = null
  for (const row of rows.filter((candidate) => candidate.symbol === symbol)) {
    const isUpdate = row.table === 'spot_delta' && row.level_index === firstIndex(rows, row)
    if (row.table === 'gaps') {
      words.push(`gap ${row.state} ${row.cause} ${row.from_seq ?? Number.NaN} ${row.to_seq ?? Number.NaN}`)
    } else if (row.table === 'spot_delta') {
      if (isUpdate) words.push(updateWord(rows, row))
    } else if (row.table === 'spot_ob') {
      const level = `${row.side} ${row.level} ${row.price} ${row.quantity}`
      const isSame =
        image !== null &&
        image.kind === row.kind &&
        image.last_seq === row.last_seq &&
        !(row.level === 0 && (row.side === 'bid' || image.side === 'ask'))
      if (isSame) words.push(`${words.pop()}, ${level}`)
      else words.push(`${row.kind} ${row.last_seq} ${row.frame} ${level}`)
    }
    image = row.table === 'spot_ob' ? row : null
  }
  return words
}

/** One word per message: its first row stands for it. */
const firstRows = new WeakMap<Row[], Map<string, Row>>()

function firstIndex(rows: Row[], row: Row): unknown {
  let known = firstRows.get(rows)
  if (known === undefined) {
    known = new Map()
    for (const other of rows) {
      const place = messageOf(other)
      if (other.table === 'spot_delta' && !known.has(place)) known.set(place, other)
    }
    firstRows.set(rows, known)
  }
  return known.get(messageOf(row)) === row ? row.level_index : null
}

function messageOf(row: Row): string {
  return `${row.symbol} ${row.frame} ${row.last_seq}`
}

function updateWord(rows: Row[], row: Row): string {
  if (row.source !== 'rest') return `delta ${row.first_seq} ${row.last_seq} ${row.book_state}`
  const count = rows.filter(
    (other) => other.table === 'spot_delta' && messageOf(other) === messageOf(row),
  ).length
  return `snapshot ${row.last_seq} ${count}`
}

describe('a bad network', () => {
  it.each(SEEDS)('gives the rows that a plain reading of the rules gives, seed %i', (seed) => {
    const { steps, truths } = script(seed, 250)
    const lane = newLane()
    lane.play(...steps)
    const total = { duplicates: 0, applied: 0, bridged: 0, asked: 0 }
    for (const symbol of truths.keys()) {
      const plain = new Plain(symbol)
      steps.forEach((step, i) => {
        plain.step(step, i + 1)
      })
      const expected = plain.expected.filter((word) => !/^snapshot \d+ 0$/.test(word))
      expect(sorted(wordsOf(lane.rows, symbol))).toEqual(sorted(expected))
      for (const name of Object.keys(total) as (keyof typeof total)[]) total[name] += plain.counters[name]
    }
    expect(lane.normalizer.counters).toMatchObject(total)
  })

  it('shows in every image the true book of the sequence it names', () => {
    let images = 0
    for (const seed of SEEDS.slice(0, 12)) {
      const { steps, truths } = script(seed, 200)
      const lane = newLane()
      lane.play(...steps)
      for (const [symbol, truth] of truths) {
        for (const word of wordsOf(lane.rows, symbol)) {
          const [kind, seq, , ...rest] = word.split(' ')
          if (kind !== 'derived' && kind !== 'checkpoint') continue
          const book = truth.after.get(Number(seq)) as Map<string, string>
          expect(rest.join(' ')).toBe(imageOf(book, kind === 'derived' ? LEVELS : 1_000).join(', '))
          images += 1
        }
      }
    }
    expect(images).toBeGreaterThan(500)
  })

  it('leaves every sequence number stored, inside a recorded gap, or behind the last message', () => {
    for (const seed of SEEDS.slice(0, 12)) {
      const { steps, truths } = script(seed, 200)
      const lane = newLane()
      lane.play(...steps)
      for (const [symbol, truth] of truths) {
        const rows = lane.rows.filter((row) => row.symbol === symbol)
        const stored = new Set<number>()
        let last = 0
        for (const row of rows.filter(({ table, source }) => table === 'spot_delta' && source === 'ws')) {
          for (let id = row.first_seq as number; id <= (row.last_seq as number); id++) stored.add(id)
          last = Math.max(last, row.last_seq as number)
        }
        const holes = rows.filter(({ table, state }) => table === 'gaps' && state === 'closed')
        for (let id = 1; id <= truth.seq; id++) {
          const inHole = holes.some(
            (gap) => id > ((gap.from_seq as number) ?? 0) && id < (gap.to_seq as number),
          )
          expect(stored.has(id) || inHole || id > last).toBe(true)
        }
      }
    }
  })

  it('gives the same rows from a state image taken after any record', () => {
    for (const seed of SEEDS.slice(0, 3)) {
      const { steps } = script(seed, 80)
      const uncut = newLane()
      uncut.play(...steps)
      const end = text(uncut.normalizer.image())
      const before = newLane()
      for (const [cut, step] of steps.entries()) {
        before.play(step)
        const resumed = newLane()
        resumed.number = before.number
        resumed.nowUs = before.nowUs
        const image = before.normalizer.image()
        resumed.normalizer.restore(image)
        expect(text(resumed.normalizer.image())).toBe(text(image))
        expect(resumed.normalizer.outstanding()).toEqual(before.normalizer.outstanding())
        resumed.play(...steps.slice(cut + 1))
        expect(JSON.stringify(resumed.rows)).toBe(JSON.stringify(uncut.rows.slice(before.rows.length)))
        expect(text(resumed.normalizer.image())).toBe(end)
      }
    }
  })

  it('begins its images at absolute multiples, whatever came first', () => {
    const { steps } = script(7, 200)
    const lane = newLane()
    lane.play(...steps)
    const cells = new Map<string, number>()
    for (const row of lane.rows) {
      if (row.kind !== 'derived' || row.level !== 0) continue
      const place = `${row.symbol} ${row.side} ${row.last_seq}`
      expect(cells.has(place)).toBe(false)
      cells.set(place, Math.floor(((row.received_ts as number) - START_US) / DERIVED_US))
    }
    expect(cells.size).toBeGreaterThan(20)
  })
})

function sorted(words: string[]): string[] {
  return [...words].sort()
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes)
}
