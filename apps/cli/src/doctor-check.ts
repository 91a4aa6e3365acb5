import { escapeControls } from '@cryptoflow/reader'
import { wrapped } from './text.ts'

/** What a look at one thing found. `fail`: collecting would not work; `warn`: it would, and not for long or not well. */
export interface DoctorCheck {
  readonly name: string
  readonly verdict: 'ok' | 'warn' | 'fail' | 'skip'
  readonly found: string
  /** What to do; empty when nothing is to be done. */
  readonly advice: string
}

/** A finding that asks for nothing. */
export function fine(name: string, found: string): DoctorCheck {
  return { name, verdict: 'ok', found, advice: '' }
}

/** A finding that asks for something. */
export function bad(verdict: 'warn' | 'fail', name: string, found: string, advice: string): DoctorCheck {
  return { name, verdict, found, advice }
}

/** Columns of a terminal that nobody asked for its width. */
const COLUMNS = 80

/** Findings for a person: what was found, and what to do below it. */
export function checksText(checks: readonly DoctorCheck[]): string {
  const width = Math.max(...checks.map(({ name }) => name.length))
  const lines = checks.flatMap(({ name, verdict, found, advice }) => {
    const head = `${verdict.padEnd(4)}  ${name.padEnd(width)}  `
    const [first = '', ...more] = wrapped(escapeControls(found), COLUMNS - head.length)
    const todo = advice === '' ? [] : wrapped(`-> ${escapeControls(advice)}`, COLUMNS - head.length)
    return [head + first, ...[...more, ...todo].map((line) => ' '.repeat(head.length) + line)]
  })
  const count = (verdict: DoctorCheck['verdict']): number =>
    checks.filter((check) => check.verdict === verdict).length
  return [...lines, '', `${count('fail')} failed, ${count('warn')} to look at, ${count('ok')} fine`].join(
    '\n',
  )
}
