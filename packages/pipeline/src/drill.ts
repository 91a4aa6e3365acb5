import { writeFileSync } from 'node:fs'
import type { DurableStep, Probe } from '@cryptoflow/model'
import type { Board } from './board.ts'

/** A crash on order: the process is killed in the middle of a durable step. Plain data, crosses threads. */
export interface CrashDrill {
  readonly step: DurableStep
  /** Which passage of the step, from 1; only passages with unreleased records count. */
  readonly passage: number
  /** Where the killed process leaves word of what was in flight. */
  readonly report: string
}

/** What a crash drill left behind: the numbers of the board at the moment of death. */
export interface CrashReport {
  readonly step: DurableStep
  readonly passage: number
  /** Records that the journal had taken and no table had for certain. */
  readonly inFlight: number
  readonly appended: number
  readonly durable: number
  readonly sealed: number
  readonly released: number
}

/** The probe of a drill: counts passages with data in flight and kills the process at the one asked for. */
export function crashProbe(drill: CrashDrill, board: Board): Probe {
  let passages = 0
  return (step) => {
    const inFlight = board.get('appended') - board.get('released')
    if (step !== drill.step || inFlight <= 0) return
    passages += 1
    if (passages < drill.passage) return
    const report: CrashReport = {
      step,
      passage: passages,
      inFlight,
      appended: board.get('appended'),
      durable: board.get('durable'),
      sealed: board.get('sealed'),
      released: board.get('released'),
    }
    writeFileSync(drill.report, JSON.stringify(report))
    process.kill(process.pid, 'SIGKILL')
    // The signal ends every thread; this one must not take another step before it does.
    for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
  }
}
