import { createHash } from 'node:crypto'

/** What happened, in order: enough to tell whether two runs were the same, and where one broke. */
export interface Trace {
  /** Steps so far. */
  readonly steps: number
  /** The last steps, for people. */
  readonly last: readonly string[]
  step(what: string): void
  /** Something that is no step of a process. */
  note(what: string): void
  hash(): string
}

const LAST = 12

export function openTrace(nowMs: () => number): Trace {
  const hash = createHash('sha256')
  const last: string[] = []
  let steps = 0
  const note = (what: string): void => {
    const line = `${nowMs()} ${what}`
    hash.update(`${line}\n`)
    last.push(`${steps}: ${line}`)
    if (last.length > LAST) last.shift()
  }
  return {
    get steps() {
      return steps
    },
    last,
    step(what) {
      steps += 1
      note(what)
    },
    note,
    hash: () => hash.copy().digest('hex'),
  }
}
