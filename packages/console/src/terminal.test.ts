import { CryptoFlowError, manualClock } from '@cryptoflow/runtime'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { ConfigError } from './settings.ts'
import { columns, exitCodeOf, explain, onStopSignal } from './terminal.ts'

const failure = (kind: 'usage' | 'config' | 'disk') =>
  new CryptoFlowError('doing it failed', { kind, reaction: 'stop' })

describe('the status that a command ends with', () => {
  it('is 2 for what was typed or configured wrong, and 1 for everything else that goes wrong', () => {
    expect([failure('usage'), failure('config'), new ConfigError(['x'])].map(exitCodeOf)).toEqual([2, 2, 2])
    expect([failure('disk'), new Error('a bug'), 'text'].map(exitCodeOf)).toEqual([1, 1, 1])
  })
})

describe('a signal to stop', () => {
  const signals = ['SIGINT', 'SIGTERM'] as const
  const before = signals.map((signal) => process.listeners(signal))
  afterEach(() => {
    for (const [i, signal] of signals.entries()) {
      for (const listener of process.listeners(signal)) {
        if (!before[i]?.includes(listener)) process.off(signal, listener)
      }
    }
    vi.restoreAllMocks()
  })

  it('stops once; its echo is nothing, and a later one ends the process with 130', () => {
    const exit = vi.spyOn(process, 'exit').mockReturnValue(undefined as never)
    const clock = manualClock()
    let stops = 0
    onStopSignal(clock, () => {
      stops += 1
    })
    process.emit('SIGINT')
    process.emit('SIGTERM')
    clock.advance(1_000)
    process.emit('SIGINT')
    expect([stops, exit.mock.calls]).toEqual([1, []])
    clock.advance(1)
    process.emit('SIGTERM')
    expect([stops, exit.mock.calls]).toEqual([1, [[130]]])
  })
})

describe('an error in words', () => {
  it('has its values, its cause, and every line of a configuration', () => {
    const error = new CryptoFlowError('opening it failed', {
      kind: 'disk',
      reaction: 'stop',
      context: { path: '/x', record: 7 },
      cause: new Error('no space'),
    })
    expect(explain(error)).toBe(
      'cryptoflow: opening it failed\n  path: /x\n  record: 7\n  because: no space\n',
    )
    expect(explain(new ConfigError(['a.yaml:1:1: wrong']))).toContain('\na.yaml:1:1: wrong\n')
  })
})

describe('rows as columns', () => {
  it('have numbers to the right, whatever is missing below them', () => {
    const rows = [
      ['name', 'size', 'lag'],
      ['a', '12 kB', '7 ms'],
      ['bb', '9 B', '-'],
    ]
    expect(columns(rows)).toBe('name   size   lag\na     12 kB  7 ms\nbb      9 B     -')
  })
})
