import type { Emission, EmissionLog } from './emission-log.ts'

/** An entry that may still change while it is held. */
export type HeldEmission = { -readonly [Key in keyof Emission]: Emission[Key] }

/** Entries that wait, all in all; beyond it they are handed on whatever was to become of them. */
const HELD_MAX = 200_000

/**
 * A log whose entries can be kept back for a while, in order, because what becomes of some of them is not known yet.
 */
export class HeldLog {
  private readonly log: EmissionLog
  private readonly held: HeldEmission[] = []
  private readonly heldMax: number
  private holds = 0
  private handedOn = 0

  constructor(log: EmissionLog, heldMax = HELD_MAX) {
    this.log = log
    this.heldMax = heldMax
  }

  append(emission: HeldEmission): void {
    if (this.holds === 0) this.log.append(emission)
    else this.held.push(emission)
    if (this.held.length > this.heldMax) this.handOn()
  }

  /** From now on entries wait, until as many releases came. The answer is to be shown to `isKept`. */
  hold(): number {
    this.holds += 1
    return this.handedOn
  }

  /** Whether everything since a hold still waits and may be changed. */
  isKept(hold: number): boolean {
    return hold === this.handedOn
  }

  release(): void {
    this.holds -= 1
    if (this.holds === 0) this.handOn()
  }

  private handOn(): void {
    this.handedOn += 1
    for (const emission of this.held.splice(0)) this.log.append(emission)
  }
}
