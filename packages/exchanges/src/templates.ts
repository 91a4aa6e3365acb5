import { assert } from '@cryptoflow/model'
import { type Place, places, programs, type Value, values } from './template-reader.ts'

/**
 * Frames as an exchange writes them, part by part; assembled once into programs for template-reader.ts. What is written
 * in any other way is read as JSON.
 */

/** What each instruction does; the numbers and the layout are those of assembly/reader.ts. */
const Code = {
  literal: 0,
  integer: 1,
  time: 2,
  price: 3,
  quantity: 4,
  levels: 5,
  before: 6,
  asLong: 7,
  text: 8,
  ascii: 9,
  truth: 10,
  digit: 11,
  else: 12,
  end: 13,
} as const

/** Something between two texts that is read or passed by. */
interface Field {
  readonly code: keyof typeof Code | 'symbol'
  readonly argument?: number
  readonly detail?: number
}

/** Parts that a frame may lack, all together; they begin with a text. */
interface Optional {
  readonly parts: readonly [string, ...(string | Field)[]]
}

/** A text is written as it stands here. */
export type Part = string | Field | Optional
export type Template = readonly Part[]

/** Templates whose frames begin alike. */
export interface Branch {
  readonly head: Template
  /** The first that fits is taken. */
  readonly templates: readonly Template[]
}

/** A whole number 0 ... 2^53 - 1. */
export const integer = (value: Value): Field => ({ code: 'integer', argument: values[value] })
/** Milliseconds or microseconds since 1970, read as microseconds. */
export const time = (value: Value): Field => ({ code: 'time', argument: values[value] })
/** A decimal before a closing quote: the price of the next entry. */
export const price: Field = { code: 'price' }
/** Its quantity, the last that is read of it. */
export const quantity = (side: number): Field => ({ code: 'quantity', argument: side })
/** The levels and the end of a list, `["1","1"]]` or `]`: an entry each. */
export const levels = (side: number): Field => ({ code: 'levels', argument: side })
/** What stands before the one character, 1 ... 64 bytes as they are; the character is not read. */
export const before = (character: string, place: Place): Field => ({
  code: 'before',
  argument: places[place],
  detail: character.charCodeAt(0),
})
/** A symbol. Where `before` stands in the branch's head, it is as long as what that read, whatever its bytes. */
export const symbol: Field = { code: 'symbol', argument: places.symbol }
/** A text of 1 ... 64 bytes before a closing quote, without escapes. */
export const text = (place: Place): Field => ({ code: 'text', argument: places[place] })
/** The same of ASCII, passed by. */
export const unread: Field = { code: 'ascii' }
/** `true` or `false`. */
export const truth = (place: Place): Field => ({ code: 'truth', argument: places[place] })
/** A digit, passed by. */
export const digit: Field = { code: 'digit' }
/** Parts that may be absent. */
export const optional = (...parts: Optional['parts']): Optional => ({ parts })

const LITERAL_BYTES_MAX = 16
const INSTRUCTION_BYTES = 48
const STEP_MAX = 255

interface Instruction {
  literal: string
  code: number
  argument: number
  detail: number
  /** How many instructions further to go on without the literal; 0: the frame is not this one. */
  step: number
}

/** The program that reads frames of all branches; its templates are numbered from 0 through all of them. */
export function assemble(branches: readonly Branch[]): number {
  const instructions: Instruction[] = []
  let first = 0
  for (const branch of branches) {
    const made = branchOf(branch, first)
    first += branch.templates.length
    const head = made[0] as Instruction
    if (branch !== branches.at(-1) && head.step === 0) head.step = made.length
    instructions.push(...made)
  }
  return programs.add(instructions.length * INSTRUCTION_BYTES, (view) => {
    for (const [i, instruction] of instructions.entries()) write(view, i * INSTRUCTION_BYTES, instruction)
  })
}

function branchOf({ head, templates }: Branch, first: number): Instruction[] {
  const isSized = head.some((part) => typeof part === 'object' && 'code' in part && part.code === 'before')
  const made = templates.map((parts, i) => instructionsOf([...parts, endOf(first + i)], isSized))
  const literals = made.map(([{ literal } = NOTHING]) => literal)
  const isTriedAgain = literals.map((literal, i) => literals.indexOf(literal, i + 1) > i)
  const sizes = made.map(({ length }, i) => length + (isTriedAgain[i] ? 1 : 0))
  const body = made.flatMap((instructions, i) => {
    const [begin = NOTHING, ...rest] = instructions
    const literal = literals[i] as string
    if (i + 1 < made.length) begin.step = sizes[i] as number
    if (!isTriedAgain[i]) return instructions
    assert(
      begin.code === Code.literal,
      'templates that begin alike begin with more than one instruction holds',
    )
    const again = literals.indexOf(literal, i + 1)
    const between = sizes.slice(i, again).reduce((sum, size) => sum + size, 0)
    return [begin, { ...NOTHING, code: Code.else, argument: literal.length, detail: between - 1 }, ...rest]
  })
  return [...instructionsOf(head, isSized), ...body]
}

const NOTHING: Instruction = { literal: '', code: Code.literal, argument: 0, detail: 0, step: 0 }

function endOf(index: number): Field {
  return { code: 'end', detail: index }
}

function instructionsOf(template: Template, isSized: boolean): Instruction[] {
  const made: Instruction[] = []
  let literal = ''
  const cut = (bytesMax: number): void => {
    for (; literal.length > bytesMax; literal = literal.slice(LITERAL_BYTES_MAX)) {
      made.push({ ...NOTHING, literal: literal.slice(0, LITERAL_BYTES_MAX) })
    }
  }
  for (const part of template) {
    if (typeof part === 'string') {
      literal += part
    } else if ('parts' in part) {
      cut(0)
      const inner = instructionsOf(part.parts, isSized)
      ;(inner[0] as Instruction).step = inner.length
      made.push(...inner)
    } else {
      cut(LITERAL_BYTES_MAX)
      const { code, argument = 0, detail = 0 } = part
      const known = code === 'symbol' ? (isSized ? 'asLong' : 'text') : code
      made.push({ literal, code: Code[known], argument, detail, step: 0 })
      literal = ''
    }
  }
  cut(0)
  return made
}

function write(view: DataView, at: number, { literal, code, argument, detail, step }: Instruction): void {
  assert(step <= STEP_MAX, 'no template is that long')
  assert(/^[\x20-\x7e]*$/.test(literal), 'what an exchange writes around its values is ASCII')
  for (const [i, byte] of [code, argument, literal.length, step].entries()) view.setUint8(at + i, byte)
  view.setInt32(at + 4, detail, true)
  for (let i = 0; i < literal.length; i++) {
    view.setUint8(at + 16 + i, literal.charCodeAt(i))
    view.setUint8(at + 32 + i, 0xff)
  }
}
