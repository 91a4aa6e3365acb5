import { CryptoFlowError } from '@cryptoflow/runtime'
import { describe, expect, it } from 'vitest'
import { ConfigError } from './settings.ts'
import { columns, exitCodeOf, explain } from './terminal.ts'

const failure = (kind: 'usage' | 'config' | 'disk') =>
  new CryptoFlowError('doing it failed', { kind, reaction: 'stop' })

describe('the status that a command ends with', () => {
  it('is 2 for what was typed or configured wrong, and 1 for everything else that goes wrong', () => {
    expect([failure('usage'), failure('config'), new ConfigError(['x'])].map(exitCodeOf)).toEqual([2, 2, 2])
    expect([failure('disk'), new Error('a bug'), 'text'].map(exitCodeOf)).toEqual([1, 1, 1])
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
