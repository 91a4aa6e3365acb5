import { encodeAnswer, encodeNote, type JournalRecord, RecordKind } from '@cryptoflow/model'
import { seededChance } from '@cryptoflow/runtime'
import { describe, expect, it } from 'vitest'
import { foreignBytes, lineOf, type RecordLine, speaksOf } from './journal-lines.ts'
import { asciiJson } from './text.ts'

const answer = {
  exchange: 'x',
  market: 'spot',
  symbol: 'BTCUSDT',
  stream: 'depth',
  resync: 1,
  status: 200,
} as const

function record(kind: RecordKind, payload: Uint8Array | string, connection = 3): JournalRecord {
  return { number: 7, kind, connection, receivedUs: 1_795_247_060_789_679, payload: Buffer.from(payload) }
}

function bytesOf({ text, base64 }: RecordLine): Buffer {
  return text === undefined ? Buffer.from(base64 ?? '', 'base64') : Buffer.from(text)
}

describe('a record as a JSON line', () => {
  it('has number, kind, connection and time, and no connection where there is none', () => {
    expect(lineOf(record(RecordKind.frame, '{}'))).toEqual({
      number: 7,
      kind: 'frame',
      connection: 3,
      time: '2026-11-21T07:44:20.789Z',
      received_us: 1_795_247_060_789_679,
      text: '{}',
    })
    expect(lineOf(record(RecordKind.clock, '', 0))).not.toHaveProperty('connection')
  })

  it('gives back the same bytes, whatever they are, from printable ASCII', () => {
    const chance = seededChance(7)
    for (let i = 0; i < 300; i++) {
      const payload = Uint8Array.from({ length: 1 + Math.floor(chance.next() * 40) }, () =>
        Math.floor(chance.next() * (i % 2 === 0 ? 256 : 128)),
      )
      for (const each of [
        record(RecordKind.frame, payload),
        record(RecordKind.answer, encodeAnswer(answer, payload)),
      ]) {
        const line = asciiJson(lineOf(each))
        expect(line).toMatch(/^[\x20-\x7e]+$/)
        expect(bytesOf(JSON.parse(line) as RecordLine).equals(payload)).toBe(true)
        expect(Buffer.from(foreignBytes(each) ?? []).equals(payload)).toBe(true)
      }
    }
  })

  it('keeps a byte order mark', () => {
    const payload = Buffer.from('\ufeff{}')
    expect(bytesOf(lineOf(record(RecordKind.frame, payload))).equals(payload)).toBe(true)
  })

  it('reads notes and what an answer answers', () => {
    const note = { code: 1006, reason: '\u001b[2J' }
    expect(lineOf(record(RecordKind.disconnect, encodeNote(note))).note).toEqual(note)
    expect(lineOf(record(RecordKind.answer, encodeAnswer(answer, Buffer.from('[]'))))).toMatchObject({
      note: answer,
      text: '[]',
    })
  })

  it('shows a note that it cannot read, and a kind that it does not know, as they stand', () => {
    expect(lineOf(record(RecordKind.connect, 'no json')).text).toBe('no json')
    expect(lineOf(record(99 as RecordKind, 'x')).kind).toBe('kind 99')
  })
})

describe('records that speak of a symbol', () => {
  const isAbout = speaksOf('BTCUSDT')

  it('are frames with its text in either case, answers and connections about it', () => {
    expect(isAbout(record(RecordKind.frame, '{"stream":"btcusdt@trade"}'))).toBe(true)
    expect(isAbout(record(RecordKind.frame, '{"s":"BTCUSDT"}'))).toBe(true)
    expect(isAbout(record(RecordKind.frame, '{"s":"ETHUSDT"}'))).toBe(false)
    expect(isAbout(record(RecordKind.answer, encodeAnswer(answer, Buffer.from('{}'))))).toBe(true)
    const note = (symbol: string) =>
      encodeNote({ exchange: 'x', market: 'spot', subscriptions: [{ symbol, stream: 'trade' }] })
    expect(isAbout(record(RecordKind.connect, note('BTCUSDT')))).toBe(true)
    expect(isAbout(record(RecordKind.connect, note('')))).toBe(true)
    expect(isAbout(record(RecordKind.connect, note('ETHUSDT')))).toBe(false)
  })
})
