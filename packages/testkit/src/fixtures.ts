import type { AnswerContext } from '@cryptoflow/model'
import type { Fixture, Golden } from './cases.ts'

const encoder = new TextEncoder()

/**
 * The fixtures of one file, in the form that adapters keep them.
 *
 * `frames`: a message a line, the first line says where they come from. `goldens`: for each of them a line
 * `{"outcome":...,"events":[...]}`, the first line says of what. `answer`: what was asked for; null for frames.
 */
export function fixturesOf(file: {
  readonly name: string
  readonly frames: string
  readonly goldens: string
  readonly answer: AnswerContext | null
}): Fixture[] {
  const frames = linesOf(file.frames)
  const goldens = linesOf(file.goldens)
  if (frames.length !== goldens.length) {
    throw new Error(`${file.name} has ${frames.length} frames and ${goldens.length} goldens`)
  }
  return frames.map((frame, i) => {
    const { outcome, events } = JSON.parse(goldens[i] as string) as Golden
    const name = `${file.name}:${i + 2}`
    return { name, bytes: encoder.encode(frame), answer: file.answer, golden: { outcome, events } }
  })
}

function linesOf(text: string): string[] {
  return text.trimEnd().split('\n').slice(1)
}
