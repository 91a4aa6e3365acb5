import { CryptoFlowError, seededChance } from '@cryptoflow/runtime'
import { describe, expect, test } from 'vitest'
import { LINE_LIMITS, plain, plainText } from './plain.ts'
import { labelText, printable } from './printable.ts'
import { isSecretName, masked } from './secrets.ts'

const seen = (value: unknown, secrets: readonly string[] = []) => plain(value, secrets, LINE_LIMITS)

describe('text', () => {
  test('shows what hides, and leaves what people read', () => {
    expect(printable('a\nb\r\0\u001b[31m\u007f\u009b', 99)).toBe(
      'a\\u000ab\\u000d\\u0000\\u001b[31m\\u007f\\u009b',
    )
    expect(printable('\u202e\u2066\u200f\u061c\u200b\ufeff\u2028\u2029', 99)).toBe(
      '\\u202e\\u2066\\u200f\\u061c\\u200b\\ufeff\\u2028\\u2029',
    )
    expect(printable('\ud800x\u{e0041}', 99)).toBe('\\ud800x\\u{e0041}')
    expect(printable('测试USDT 1000SATS-PERP é 👍', 99)).toBe('测试USDT 1000SATS-PERP é 👍')
  })

  test('is cut, and says how much is missing', () => {
    expect(printable('x'.repeat(10), 10)).toBe('x'.repeat(10))
    expect(printable('x'.repeat(13), 10)).toBe(`${'x'.repeat(10)}... (3 more)`)
  })

  test('labels are short, never empty, and have no comma and no backslash of their own', () => {
    expect(labelText('')).toBe('none')
    expect(labelText('a,b\\c"d')).toBe('a\\u002cb\\u005cc"d')
    expect(labelText('x'.repeat(500))).toHaveLength(96)
  })
})

describe('secrets', () => {
  test('are masked wherever they look like one', () => {
    const gone = (text: string) => expect(masked(text, [])).not.toMatch(/hunter2|wJalrXUt|IOSFODNN/)
    gone('postgres://user:hunter2@db/x')
    gone('https://s3/x?X-Amz-Signature=hunter2&y=1')
    gone('https://x/?a=1&api_key=hunter2#z')
    gone('Authorization: Bearer hunter2')
    gone(
      'authorization: basic d0phbHJYVXRuRkVNSQ== '.replace('d0phbHJYVXRuRkVNSQ==', 'wJalrXUtnFEMI/K7MDENG'),
    )
    gone('the key AKIAIOSFODNN7EXAMPLE was refused')
    gone('-----BEGIN RSA PRIVATE KEY-----\nhunter2\n-----END RSA PRIVATE KEY-----')
    gone('-----BEGIN PRIVATE KEY-----\nhunter2')
  })

  test('that were handed in are masked wherever they stand, before any cut', () => {
    expect(masked('a correct horse b correct horse', ['correct horse'])).toBe('a *** b ***')
    expect(plainText(`${'x'.repeat(1020)}correct horse`, ['correct horse'])).not.toContain('cor')
    expect(masked('a-b-c', ['-'])).toBe('a-b-c')
  })

  test('are known by the names of their fields', () => {
    for (const name of [
      'secretAccessKey',
      'API_KEY',
      'password',
      'sessionToken',
      'token',
      'Authorization',
      'cookie',
    ]) {
      expect(isSecretName(name), name).toBe(true)
    }
    for (const name of ['commitToken', 'symbol', 'key', 'fileKey', 'signature_count', 'author', 'tokens']) {
      expect(isSecretName(name), name).toBe(false)
    }
  })

  test('leave ordinary text as it is', () => {
    for (const text of [
      'wss://host:443/ws?streams=a/b',
      'basic check of the market',
      'a:b@c',
      'x?limit=5&symbol=A',
    ]) {
      expect(masked(text, [])).toBe(text)
    }
  })

  test('are looked for in bounded time, whatever the text', () => {
    for (const piece of [
      '?key',
      '&keykey',
      '://',
      'Bearer ',
      '-----BEGIN ',
      '?token=',
      '-----BEGIN PRIVATE KEY-----',
    ]) {
      expect(masked(piece.repeat(200_000 / piece.length), []).length).toBeLessThanOrEqual(8192)
    }
  }, 2000)
})

describe('values', () => {
  test('of every kind become what JSON holds', () => {
    const value = {
      text: 'a',
      number: 1.5,
      not: Number.NaN,
      big: 2n ** 70n,
      yes: true,
      nothing: null,
      missing: undefined,
      list: [1, [2]],
      map: new Map([['k', 1]]),
      set: new Set([1]),
      date: new Date(0),
      bytes: new Uint8Array([27, 91, 50, 74]),
      call: () => 1,
      mark: Symbol('x'),
    }
    expect(JSON.parse(JSON.stringify(seen(value)))).toEqual({
      text: 'a',
      number: 1.5,
      not: 'NaN',
      big: '1180591620717411303424',
      yes: true,
      nothing: null,
      list: [1, [2]],
      map: { k: 1 },
      set: [1],
      date: '1970-01-01T00:00:00.000Z',
      bytes: '(4 bytes)',
      call: '(function)',
      mark: '(symbol)',
    })
  })

  test('that are errors keep kind, reaction, context and cause; a bug keeps the top of its stack', () => {
    const cause = Object.assign(new Error('no\nroom'), { code: 'ENOSPC' })
    const context = { path: '/x', password: 'hunter2' }
    const error = new CryptoFlowError('write: found no room', {
      kind: 'disk',
      reaction: 'stop',
      context,
      cause,
    })
    expect(JSON.parse(JSON.stringify(seen(error)))).toEqual({
      message: 'write: found no room',
      kind: 'disk',
      reaction: 'stop',
      context: { path: '/x', password: '***' },
      cause: { name: 'Error', message: 'no\\u000aroom', code: 'ENOSPC', stack: expect.any(Array) },
    })
  })

  test('that cannot be read, or never end, are named', () => {
    const loop: Record<string, unknown> = {}
    loop.loop = loop
    const throwing = Object.defineProperty({}, 'x', { enumerable: true, get: () => JSON.parse('{') })
    const revoked = Proxy.revocable({}, {})
    revoked.revoke()
    expect(JSON.stringify(seen(loop))).toBe('{"loop":{"loop":{"loop":{"loop":"(object)"}}}}')
    expect(seen({ throwing, proxy: revoked.proxy })).toEqual({
      throwing: '(unreadable)',
      proxy: '(unreadable)',
    })
  })

  test('named like parts of an object are fields', () => {
    const shown = JSON.stringify(seen(JSON.parse('{"__proto__":{"x":1},"constructor":2,"toJSON":3}')))
    expect(shown).toBe('{"__proto__":{"x":1},"constructor":2,"toJSON":3}')
  })

  test('are bounded in names, entries, texts and sum, and never throw', () => {
    const chance = seededChance(11)
    const texts = ['x'.repeat(5000), '\u0000'.repeat(2000), '', '测'.repeat(1500)]
    const make = (depth: number): unknown => {
      const kind = depth > 5 ? 0 : chance.below(4)
      if (kind === 0) return texts[chance.below(4)]
      if (kind === 1) return Array.from({ length: chance.below(depth === 0 ? 60 : 6) }, () => make(depth + 1))
      if (kind === 2) return new Map([[texts[chance.below(4)], make(depth + 1)]])
      return Object.fromEntries(
        Array.from({ length: 5 }, (_, i) => [`${texts[chance.below(4)]}${i}`, make(depth + 2)]),
      )
    }
    let largest = 0
    for (let i = 0; i < 300; i++) {
      const text = JSON.stringify(seen(make(0)))
      largest = Math.max(largest, Buffer.byteLength(text))
    }
    expect(largest).toBeGreaterThan(8000)
    expect(largest).toBeLessThan(65_536)
    expect(seen(Array.from({ length: 1e6 }, () => 0))).toHaveLength(33)
  })
})
