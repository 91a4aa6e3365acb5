import { type Clock, CryptoFlowError } from '@cryptoflow/runtime'
import { around } from './ports.ts'

/** Somebody whose every call waits for its turn; a dead one's never comes. */
export interface Actor {
  readonly name: string
  alive: boolean
  /** How often it has its turn. */
  readonly weight: number
}

/** Who waits for a turn. Nobody is null: whoever looks on with all others at rest never waits. */
export class Turns {
  #gates: { readonly actor: Actor; open(): void }[] = []

  /** The weights of those who wait; the dead are forgotten. */
  waiting(): readonly number[] {
    this.#gates = this.#gates.filter(({ actor }) => actor.alive)
    return this.#gates.map(({ actor }) => actor.weight)
  }

  /** Lets the one at this place of those who wait go on. */
  open(index: number): void {
    this.#gates.splice(index, 1)[0]?.open()
  }

  gate(actor: Actor | null): Promise<void> {
    if (actor === null) return Promise.resolve()
    return new Promise((open) => {
      this.#gates.push({ actor, open })
    })
  }

  /** The same port, where every call waits for the actor's turn. */
  gated<T extends object>(actor: Actor | null, port: T): T {
    return around(port, async (_method, call) => {
      await this.gate(actor)
      return call()
    })
  }

  /** A clock on which every wait is over at the actor's next turn. */
  clock(actor: Actor | null, nowMs: () => number): Clock {
    return {
      nowUs: () => nowMs() * 1000,
      after: (_ms, callback) => {
        void this.gate(actor).then(callback)
        return () => {}
      },
      every: () => {
        throw new CryptoFlowError('no actor here repeats itself', { kind: 'usage', reaction: 'stop' })
      },
    }
  }
}

/** Every promise that can go on without an actor's turn has gone on. */
export function quiescence(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}
