import type { EpochRequest } from '@cryptoflow/model'
import { CryptoFlowError, manualClock } from '@cryptoflow/runtime'
import { describe, expect, it } from 'vitest'
import type { Cut } from './lane.ts'
import { sealer } from './sealer.ts'

function cutAt(to: number): Cut {
  return {
    tables: {},
    image: `image-${to}`,
    progress: {},
    measures: { files: [], keys: [], books: [], gaps: [], deadLetters: [], operators: [], ids: [] },
    to,
  }
}

describe('the sealer', () => {
  it('makes dense epochs of adjoining ranges, going on after the last seal', async () => {
    const ends = [15, 15, 22]
    const seals: [EpochRequest, string][] = []
    const failures: unknown[] = []
    const seal = sealer(
      {
        writer: 'w',
        lane: { cut: async () => cutAt(ends.shift() as number) },
        publisher: { submit: async (request, image) => void seals.push([request, image]) },
        clock: manualClock(),
        onFailure: (error) => failures.push(error),
      },
      { epoch: 3, to: 10, image: 'image-10' },
    )
    for (let i = 0; i < 3; i++) await seal.now()
    await seal.submitted()
    expect(seals.map(([{ epoch, from, to }, image]) => [epoch, from, to, image])).toEqual([
      [4, 11, 15, 'image-15'],
      [5, 16, 22, 'image-22'],
    ])
    expect(failures).toEqual([])
  })

  it('reads on while requests are being sealed, up to a bound', async () => {
    let to = 0
    let release: () => void = () => {}
    const gate = new Promise<void>((resolve) => {
      release = resolve
    })
    const seal = sealer(
      {
        writer: 'w',
        lane: {
          cut: async () => {
            to += 1
            return cutAt(to)
          },
        },
        publisher: { submit: () => gate },
        clock: manualClock(),
        onFailure: () => {},
      },
      null,
    )
    for (let i = 0; i < 4; i++) await seal.now()
    const fifth = seal.now()
    await Promise.resolve()
    expect(to).toBe(4)
    release()
    await fifth
    expect(to).toBe(5)
  })

  it('tells of a request that could not be sealed at once, and seals nothing after it', async () => {
    let to = 0
    const submitted: number[] = []
    let told: (error: unknown) => void = () => {}
    const failure = new Promise((resolve) => {
      told = resolve
    })
    const seal = sealer(
      {
        writer: 'w',
        lane: {
          cut: async () => {
            to += 1
            return cutAt(to)
          },
        },
        publisher: {
          submit: async ({ epoch }) => {
            if (epoch === 2) throw new Error('fenced')
            submitted.push(epoch)
          },
        },
        clock: manualClock(),
        onFailure: told,
      },
      null,
    )
    for (let i = 0; i < 3; i++) await seal.now()
    expect(await failure).toMatchObject({ message: 'fenced' })
    await expect(seal.submitted()).rejects.toThrow('fenced')
    expect(submitted).toEqual([1])
  })

  it('waits with a seal for which the disk has no room, and ends at any other failure', async () => {
    const clock = manualClock()
    const answers = ['retry', 'retry', null, 'stop'] as const
    let tries = 0
    const failures: unknown[] = []
    let to = 0
    const seal = sealer(
      {
        writer: 'w',
        lane: {
          cut: async () => {
            to += 1
            return cutAt(to)
          },
        },
        publisher: {
          async submit() {
            const reaction = answers[tries]
            tries += 1
            if (reaction) throw new CryptoFlowError('no', { kind: 'disk', reaction })
          },
        },
        clock,
        onFailure: (error) => failures.push(error),
      },
      null,
    )
    const turn = () => new Promise((resolve) => setImmediate(resolve))
    await seal.now()
    await turn()
    expect([tries, failures]).toEqual([1, []])
    for (let i = 0; i < 2; i++) {
      clock.advance(1_000)
      await turn()
    }
    await seal.submitted()
    expect([tries, seal.last]).toEqual([3, { to: 1, image: 'image-1' }])
    await seal.now()
    await expect(seal.submitted()).rejects.toThrow('no')
    expect(failures).toHaveLength(1)
  })
})
