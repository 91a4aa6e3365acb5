interface Waiter {
  readonly record: number
  /** Waits on when the disk is full. */
  readonly isPatient: boolean
  readonly resolve: (isDurable: boolean) => void
  readonly reject: (error: Error) => void
}

/** Those who wait for a record to become durable. */
export class Waiters {
  #waiting: Waiter[] = []
  #isOver = false

  /** True when the record is reached, false when the end came before. */
  wait(record: number, isPatient = true): Promise<boolean> {
    if (this.#isOver) return Promise.resolve(false)
    return new Promise((resolve, reject) => {
      this.#waiting.push({ record, isPatient, resolve, reject })
    })
  }

  reached(record: number): void {
    const ready = this.#waiting.filter((waiter) => waiter.record <= record)
    if (ready.length === 0) return
    this.#waiting = this.#waiting.filter((waiter) => waiter.record > record)
    for (const waiter of ready) waiter.resolve(true)
  }

  /** Nobody will be reached any more. */
  end(): void {
    this.#isOver = true
    for (const waiter of this.#waiting.splice(0)) waiter.resolve(false)
  }

  /** The disk is full: who cannot wait for room is told. */
  full(error: Error): void {
    const told = this.#waiting.filter(({ isPatient }) => !isPatient)
    this.#waiting = this.#waiting.filter(({ isPatient }) => isPatient)
    for (const waiter of told) waiter.reject(error)
  }

  fail(error: Error): void {
    for (const waiter of this.#waiting.splice(0)) waiter.reject(error)
  }
}
