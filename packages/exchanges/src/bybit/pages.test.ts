import { describe, expect, it } from 'vitest'
import { bybitInverse, bybitLinear, bybitSpot } from './index.ts'

const encoder = new TextEncoder()
const bodyOf = (result: string): Uint8Array => encoder.encode(`{"retCode":0,"result":${result}}`)
const page = (rows: string, cursor: string): Uint8Array =>
  bodyOf(`{"category":"linear","list":[${rows}],"nextPageCursor":${cursor}}`)
const lists = [bybitLinear(), bybitInverse()].flatMap(({ streams }) =>
  streams.filter(({ table, poll }) => table === 'instruments' && poll !== null),
)

describe('a list of contracts', () => {
  it.each(lists)('goes on with the token of its page ($name)', ({ poll }) => {
    const path = poll?.request('').path
    expect(poll?.nextPage?.('', page('{}', '"first%3DA%26last%3DZ&limit=1"'))).toEqual({
      path: `${path}&cursor=first%253DA%2526last%253DZ%26limit%3D1`,
      weight: 1,
    })
  })

  it.each(lists)('ends where no token is, no row, or nothing that can be read ($name)', ({ poll }) => {
    for (const body of [
      page('{}', '""'),
      page('{}', '7'),
      page('', '"first%3DA"'),
      bodyOf('{"category":"linear","list":[{}]}'),
      bodyOf('[]'),
      encoder.encode('{"retCode":10006,"retMsg":"Too many visits!","result":{}}'),
      encoder.encode('<html>'),
    ]) {
      expect(poll?.nextPage?.('', body)).toBeNull()
    }
  })

  it('of spot has no pages, nor have settled rates', () => {
    const others = [bybitSpot(), bybitLinear()].flatMap(({ streams }) => streams)
    const whole = others.filter(
      ({ name, poll }) => poll !== null && !lists.some((list) => list.name === name),
    )
    for (const { poll } of [...whole, ...bybitSpot().streams]) expect(poll?.nextPage).toBeUndefined()
  })
})
