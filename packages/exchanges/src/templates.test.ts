import {
  type DecimalColumn,
  decimalText,
  EventBatch,
  parseDecimal,
  Side,
  StringTable,
} from '@cryptoflow/model'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FRAME_AT, load } from './bytes.ts'
import { LEVELS_MAX } from './levels.ts'
import {
  pairRead,
  places,
  placesRead,
  readTemplate,
  rememberPair,
  takeEvent,
  templateOf,
} from './template-reader.ts'
import {
  assemble,
  before,
  digit,
  integer,
  levels,
  optional,
  type Part,
  price,
  quantity,
  symbol,
  type Template,
  text,
  time,
  truth,
  unread,
} from './templates.ts'

const encoder = new TextEncoder()
const seeded = { seed: 20261122 }

function programOf(...templates: Template[]): number {
  return assemble([{ head: [], templates }])
}

/** The template that a frame is written as, whose event is ended in the batch; -1 for none. */
function read(program: number, frame: string | Uint8Array, batch = emptyBatch()): number {
  load(typeof frame === 'string' ? encoder.encode(frame) : frame)
  const found = readTemplate(program, batch)
  if (found < 0 || !takeEvent(found, batch)) return -1
  batch.endEvent()
  return templateOf(found)
}

function emptyBatch(): EventBatch {
  return new EventBatch(new StringTable())
}

function numberOf(column: DecimalColumn, row: number): string {
  return decimalText(column.mantissa(row) as bigint, column.scales[row] as number)
}

function entriesOf(batch: EventBatch, from = 0): string[][] {
  return Array.from({ length: batch.entryCount - from }, (_, i) => [
    numberOf(batch.price, from + i),
    numberOf(batch.quantity, from + i),
    String(batch.side[from + i]),
  ])
}

describe('a template', () => {
  const parts: Part[] = [
    '{"a rather long beginning of a frame":',
    integer('lastSeq'),
    optional(',"this may be absent":"', unread, '"'),
    ',"T":',
    time('engineUs'),
    ',"name":"',
    text('name'),
    '","m":',
    truth('isMaker'),
    ',"k":',
    digit,
    '}',
  ]
  const program = programOf(parts)
  const whole =
    '{"a rather long beginning of a frame":42,"this may be absent":"x y","T":1700000000123,"name":"größer","m":false,"k":7}'
  const short =
    '{"a rather long beginning of a frame":42,"T":1700000000123456,"name":"größer","m":true,"k":7}'

  it('is read part by part', () => {
    for (const [frame, engineUs, isMaker] of [
      [whole, 1_700_000_000_123_000, 0],
      [short, 1_700_000_000_123_456, 1],
    ] as const) {
      const batch = emptyBatch()
      expect(read(program, frame, batch)).toBe(0)
      expect([batch.lastSeq[0], batch.engineUs[0], placesRead[places.isMaker]]).toEqual([
        42,
        engineUs,
        isMaker,
      ])
      expect(Array.from([batch.sentUs[0], batch.firstSeq[0], batch.prevSeq[0]])).toEqual([NaN, NaN, NaN])
      const [at, end] = [placesRead[places.name] as number, placesRead[places.name + 1] as number]
      const bytes = encoder.encode(frame).subarray(at - FRAME_AT, end - FRAME_AT)
      expect(new TextDecoder().decode(bytes)).toBe('größer')
    }
  })

  it('is not there when a byte is missing, more or another, whatever frame was read before', () => {
    for (const frame of [whole, short]) {
      const bytes = encoder.encode(frame)
      for (let at = 0; at < bytes.length; at++) {
        expect(read(program, frame)).toBe(0)
        expect(read(program, bytes.subarray(0, at))).toBe(-1)
        const more = Uint8Array.of(...bytes.subarray(0, at), 0, ...bytes.subarray(at))
        expect(read(program, more)).toBe(-1)
      }
      expect(read(program, `${frame} `)).toBe(-1)
    }
    expect(read(program, short.replace('"T"', '"t"'))).toBe(-1)
    expect(read(program, '')).toBe(-1)
  })

  it('has texts of 1 to 64 bytes without escapes, and passes ASCII alone', () => {
    const texts = programOf(['"', text('name'), '"'])
    const passed = programOf(['"', unread, '"'])
    for (let bytes = 0; bytes <= 70; bytes++) {
      const expected = bytes >= 1 && bytes <= 64 ? 0 : -1
      expect([bytes, read(texts, `"${'x'.repeat(bytes)}"`)]).toEqual([bytes, expected])
      expect([bytes, read(passed, `"${'x'.repeat(bytes)}"`)]).toEqual([bytes, expected])
    }
    for (const odd of ['\\', '\n', '\u0000', '\u001f']) {
      for (const at of [0, 15, 16, 40]) {
        const frame = `"${'x'.repeat(at)}${odd}${'y'.repeat(5)}"`
        expect([read(texts, frame), read(passed, frame)]).toEqual([-1, -1])
      }
    }
    expect([read(texts, '"ж"'), read(passed, '"ж"')]).toEqual([0, -1])
  })

  it('has whole numbers below 2^53 without leading zeros', () => {
    const numbers = programOf(['{', integer('prevSeq'), '}'])
    const some = fc.oneof(fc.maxSafeNat(), fc.bigInt({ min: 0n, max: 10n ** 20n }), fc.nat())
    const one = (written: string): number | null => {
      const batch = emptyBatch()
      return read(numbers, `{${written}}`, batch) === 0 ? (batch.prevSeq[0] as number) : null
    }
    fc.assert(
      fc.property(some, (number) => {
        expect(one(String(number))).toBe(number <= Number.MAX_SAFE_INTEGER ? Number(number) : null)
      }),
      seeded,
    )
    for (const odd of [
      '',
      '-1',
      '+1',
      '007',
      '00',
      '1.5',
      '1e3',
      ' 1',
      '9007199254740992',
      '12345678901234567',
    ])
      expect([odd, one(odd)]).toEqual([odd, null])
    for (const good of ['0', '9', '9007199254740991', '999999999999999']) expect(one(good)).toBe(Number(good))
  })
})

describe('numbers of entries', () => {
  const program = programOf(['[', levels(Side.bid), '"', price, '","', quantity(Side.ask), '"'])
  const digits = (min: number, max: number) => fc.stringMatching(new RegExp(`^[0-9]{${min},${max}}$`))
  const plain = fc
    .tuple(digits(1, 12), fc.option(digits(1, 12)))
    .map(([whole, part]) => (part === null ? whole : `${whole}.${part}`))
  const odd = fc.oneof(
    fc.constantFrom('', '.', '1.', '.5', '1..2', '1.2.3', '-1', '1e5', '6E-8', '1,5', ' 1', '1 ', 'NaN'),
    digits(13, 45),
    fc.tuple(digits(1, 30), digits(1, 30)).map(([whole, part]) => `${whole}.${part}`),
  )

  it('are those of the exact path, as they are written', () => {
    const numbers = fc.oneof({ arbitrary: plain, weight: 9 }, { arbitrary: odd, weight: 1 })
    fc.assert(
      fc.property(
        fc.array(fc.tuple(numbers, numbers), { maxLength: 6 }),
        numbers,
        numbers,
        (list, last, least) => {
          const written = list.map(([one, other]) => `["${one}","${other}"]`).join(',')
          const batch = emptyBatch()
          const found = read(program, `[${written}]"${last}","${least}"`, batch)
          const expected = [...list, [last, least]].map((pair) => pair.map(exactly))
          if (expected.flat().includes(null)) expect(found).toBe(-1)
          else {
            expect(found).toBe(0)
            const sides = expected.map((_, i) => String(i < list.length ? Side.bid : Side.ask))
            expect(entriesOf(batch)).toEqual(expected.map((pair, i) => [...pair, sides[i]]))
          }
        },
      ),
      { ...seeded, numRuns: 3000 },
    )
  })

  it('may be as many as a message may have', () => {
    const list = (count: number): string => Array.from({ length: count }, () => '["1","2"]').join(',')
    expect(read(program, `[${list(LEVELS_MAX - 1)}]"3","4"`)).toBe(0)
    expect(read(program, `[${list(LEVELS_MAX)}]"3","4"`)).toBe(-1)
    expect(read(program, `[${list(LEVELS_MAX + 1)}]"3","4"`)).toBe(-1)
  })
})

/** What the exact path makes of it; null when it refuses. */
function exactly(written: string): string | null {
  const decimal = parseDecimal(written)
  if (decimal === null || decimal === 'range' || decimal.mantissa < 0n) return null
  return decimalText(decimal.mantissa, decimal.scale)
}

describe('templates of one program', () => {
  const program = assemble([
    {
      head: ['{"stream":"', before('@', 'stream')],
      templates: [
        ['@first channel of all","n":', integer('firstSeq'), ',"a":', integer('lastSeq'), '}'],
        ['@first channel of all","n":', integer('prevSeq'), ',"b":', integer('lastSeq'), '}'],
        ['@second","s":"', symbol, '"}'],
      ],
    },
    { head: [], templates: [['{"bare":"', symbol, '"}']] },
  ])

  it('are tried in their order, and what one has read counts for no other', () => {
    const batch = emptyBatch()
    expect(read(program, '{"stream":"x@first channel of all","n":5,"a":6}', batch)).toBe(0)
    expect(read(program, '{"stream":"x@first channel of all","n":7,"b":8}', batch)).toBe(1)
    expect(Array.from(batch.firstSeq.subarray(0, 2))).toEqual([5, NaN])
    expect(Array.from(batch.lastSeq.subarray(0, 2))).toEqual([6, 8])
    expect(Array.from(batch.prevSeq.subarray(0, 2))).toEqual([NaN, 7])
    expect(read(program, '{"stream":"x@first channel of all","n":7,"c":8}')).toBe(-1)
    expect(read(program, '{"bare":"BTC"}')).toBe(3)
  })

  it('keep no entry of one that did not fit', () => {
    const begin = '{"the same beginning":1,"l":['
    const lists = programOf(
      [begin, levels(Side.bid), ',"a":', integer('lastSeq'), '}'],
      [begin, levels(Side.ask), ',"b":', integer('lastSeq'), '}'],
    )
    const batch = emptyBatch()
    expect(read(lists, `${begin}["1","2"],["3","6E-8"]],"b":7}`, batch)).toBe(1)
    expect(entriesOf(batch)).toEqual([
      ['1', '2', '1'],
      ['3', '0.00000006', '1'],
    ])
  })

  it('have a symbol as long as the one before, within the frame', () => {
    for (let bytes = 0; bytes <= 70; bytes++) {
      const lower = 'b'.repeat(bytes)
      const expected = bytes >= 1 && bytes <= 64 ? 2 : -1
      expect([bytes, read(program, `{"stream":"${lower}@second","s":"${lower.toUpperCase()}"}`)]).toEqual([
        bytes,
        expected,
      ])
      if (bytes > 0)
        expect(read(program, `{"stream":"${lower}@second","s":"${'B'.repeat(bytes - 1)}"}`)).toBe(-1)
    }
    expect(read(program, '{"stream":"btcusdt@second","s":"BTC')).toBe(-1)
  })

  it('remember pairs of symbols byte for byte', () => {
    const frameOf = (lower: string, upper: string): string => `{"stream":"${lower}@second","s":"${upper}"}`
    const symbolAt = (lower: string): number => FRAME_AT + frameOf(lower, '').length - 2
    const remember = (lower: string, upper: string): number => {
      expect(read(program, frameOf(lower, upper))).toBe(2)
      return rememberPair(FRAME_AT + 11, symbolAt(lower), encoder.encode(lower).length)
    }
    const slot = remember('abc', 'ABC')
    expect(slot).toBeGreaterThanOrEqual(0)
    const known = (lower: string, upper: string): number => {
      expect(read(program, frameOf(lower, upper))).toBe(2)
      return pairRead()
    }
    expect(known('abc', 'ABC')).toBe(slot)
    for (const [lower, upper] of [
      ['abd', 'ABC'],
      ['abc', 'ABD'],
      ['ab', 'AB'],
      ['abc\u0000', 'ABC\u0000'],
      ['abcabcabcabcabcabc', 'ABCABCABCABCABCABC'],
    ] as const)
      expect([upper, known(lower, upper)]).toEqual([upper, -1])
    expect(remember('abcabcabcabcabcab', 'ABCABCABCABCABCAB')).toBe(-1)
  })
})

describe('batches that take turns', () => {
  const program = programOf(['{', integer('lastSeq'), ',"l":[', levels(Side.bid), '}'])
  const frameOf = (number: number): string => `{${number},"l":[["${number}.5","1"],["2","${number}"]]}`
  const expectedOf = (number: number): string[][] => [
    [`${number}.5`, '1', '0'],
    ['2', String(number), '0'],
  ]

  it('each keep what was read into them', () => {
    const batches = [emptyBatch(), emptyBatch(), emptyBatch()]
    const read3 = new Map(batches.map((batch) => [batch, [] as number[]]))
    for (let number = 1; number <= 400; number++) {
      const batch = batches[(number * 7 + (number >> 3)) % 3] as EventBatch
      expect(read(program, frameOf(number), batch)).toBe(0)
      read3.get(batch)?.push(number)
    }
    for (const [batch, numbers] of read3) {
      expect(Array.from(batch.lastSeq.subarray(0, batch.count))).toEqual(numbers)
      expect(entriesOf(batch)).toEqual(numbers.flatMap(expectedOf))
    }
  })

  it('go on when one has grown out of the room that they share', () => {
    const batch = emptyBatch()
    expect(read(program, frameOf(1), batch)).toBe(0)
    batch.reserveEntries(200_000)
    expect(read(program, frameOf(2), batch)).toBe(0)
    expect(entriesOf(batch)).toEqual([...expectedOf(1), ...expectedOf(2)])
  })

  it('leave a frame to the exact path that finds no room there', () => {
    const batch = emptyBatch()
    const list = Array.from({ length: 60_000 }, () => '["1","2"]').join(',')
    expect(read(program, `{1,"l":[${list}]}`, batch)).toBe(0)
    expect(read(program, `{2,"l":[${list}]}`, batch)).toBe(0)
    expect(read(program, `{3,"l":[${list}]}`, batch)).toBe(-1)
    batch.rollback(2)
    batch.reserveEntries(60_000)
    batch.entryCount += 60_000
    batch.endEvent()
    expect(read(program, frameOf(4), batch)).toBe(-1)
    expect(entriesOf(batch, 119_999)[0]).toEqual(['1', '2', '0'])
    const other = emptyBatch()
    expect(read(program, frameOf(5), other)).toBe(0)
    expect(entriesOf(other)).toEqual(expectedOf(5))
  })
})
