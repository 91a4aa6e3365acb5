import { assert, type StringTable } from '@cryptoflow/model'
import { Binary, type Data, Dictionary, Int32, makeData, makeVector, Utf8 } from 'apache-arrow'
import { type Bounds, textBounds } from './bounds.ts'
import { dictionaryOf } from './dictionary.ts'
import type { ColumnPart } from './parts.ts'
import { Validity } from './validity.ts'

/** Arrow keeps offsets into text and bytes as signed 32-bit numbers. */
const OFFSET_MAX = 2 ** 31 - 1

const encoder = new TextEncoder()
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })

export function namePart(values: Int32Array, names: StringTable, rows: Uint32Array): ColumnPart {
  const { ids, slots } = dictionaryOf(values, names, rows)
  const validity = new Validity(rows.length)
  const data = new Int32Array(rows.length)
  for (let i = 0; i < rows.length; i++) {
    const id = values[rows[i] as number] as number
    if (id < 0) validity.setNull(i)
    else data[i] = slots[id] as number
  }
  const texts = ids.map((id) => names.text(id))
  const type = new Dictionary(new Utf8(), new Int32())
  const dictionary = makeVector(textData(texts, new Validity(texts.length)))
  const bounds = texts.length === 0 ? null : textBounds(texts[0] as string, texts[texts.length - 1] as string)
  return { data: makeData({ ...validity.props(), type, data, dictionary }), nulls: validity.nulls, bounds }
}

export function textPart(values: readonly (string | null)[], rows: Uint32Array): ColumnPart {
  const validity = new Validity(rows.length)
  const texts: string[] = []
  for (let i = 0; i < rows.length; i++) {
    const text = values[rows[i] as number] ?? null
    if (text === null) validity.setNull(i)
    texts.push(text ?? '')
  }
  const data = textData(texts, validity)
  return { data, nulls: validity.nulls, bounds: spanBounds(data, rows.length) }
}

function textData(texts: readonly string[], validity: Validity): Data<Utf8> {
  const valueOffsets = new Int32Array(texts.length + 1)
  const joined = texts.join('')
  let data = encoder.encode(joined)
  if (data.length === joined.length) {
    for (let i = 0; i < texts.length; i++)
      valueOffsets[i + 1] = (valueOffsets[i] as number) + (texts[i] as string).length
  } else {
    // Halves of a surrogate pair in two texts must not meet and become one character.
    const wellFormed = texts.map((text) => text.toWellFormed())
    data = encoder.encode(wellFormed.join(''))
    for (let i = 0; i < texts.length; i++) {
      valueOffsets[i + 1] = (valueOffsets[i] as number) + Buffer.byteLength(wellFormed[i] as string)
    }
  }
  assert(data.length <= OFFSET_MAX, 'the text of one column of a file is below 2 GiB')
  return makeData({ ...validity.props(), type: new Utf8(), valueOffsets, data })
}

/** Lowest and highest of the valid spans of bytes, compared as UTF-8. */
function spanBounds(data: Data<Utf8>, count: number): Bounds | null {
  const { values, valueOffsets } = data
  const bytes = Buffer.from(values.buffer, values.byteOffset, values.byteLength)
  let lowest = -1
  let highest = -1
  for (let i = 0; i < count; i++) {
    if (data.nullCount > 0 && !data.getValid(i)) continue
    if (lowest === -1 || compareSpans(bytes, valueOffsets, i, lowest) < 0) lowest = i
    if (highest === -1 || compareSpans(bytes, valueOffsets, i, highest) > 0) highest = i
  }
  if (lowest === -1) return null
  const text = (i: number) => utf8.decode(bytes.subarray(valueOffsets[i], valueOffsets[i + 1]))
  return textBounds(text(lowest), text(highest))
}

function compareSpans(bytes: Uint8Array, offsets: Int32Array, a: number, b: number): number {
  const startA = offsets[a] as number
  const startB = offsets[b] as number
  const lengthA = (offsets[a + 1] as number) - startA
  const lengthB = (offsets[b + 1] as number) - startB
  const length = Math.min(lengthA, lengthB)
  for (let i = 0; i < length; i++) {
    const difference = (bytes[startA + i] as number) - (bytes[startB + i] as number)
    if (difference !== 0) return difference
  }
  return lengthA - lengthB
}

export function bytesPart(values: readonly (Uint8Array | null)[], rows: Uint32Array): ColumnPart {
  const validity = new Validity(rows.length)
  const valueOffsets = new Int32Array(rows.length + 1)
  let end = 0
  for (let i = 0; i < rows.length; i++) {
    const bytes = values[rows[i] as number] ?? null
    if (bytes === null) validity.setNull(i)
    else end += bytes.length
    assert(end <= OFFSET_MAX, 'the bytes of one column of a file are below 2 GiB')
    valueOffsets[i + 1] = end
  }
  const data = new Uint8Array(end)
  for (let i = 0; i < rows.length; i++) data.set(values[rows[i] as number] ?? [], valueOffsets[i] as number)
  return {
    data: makeData({ ...validity.props(), type: new Binary(), valueOffsets, data }),
    nulls: validity.nulls,
    bounds: null,
  }
}
