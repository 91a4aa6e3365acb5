import { describe, expect, it } from 'vitest'
import { readControl } from './control.ts'

const read = (message: unknown) => readControl(JSON.stringify(message), 'spot')

describe('readControl', () => {
  it('reads subscriptions with every kind of id', () => {
    for (const id of [1, -5, 'abc-1', null]) {
      expect(
        read({
          method: 'SUBSCRIBE',
          params: ['btcusdt@trade', '测试usdt@depth@100ms', '!miniTicker@arr'],
          id,
        }),
      ).toEqual({
        kind: 'subscribe',
        streams: ['btcusdt@trade', '测试usdt@depth@100ms', '!miniTicker@arr'],
        id,
      })
    }
    expect(read({ method: 'UNSUBSCRIBE', params: ['a@b'] })).toMatchObject({ kind: 'unsubscribe', id: null })
  })

  it('reads the property of combined messages', () => {
    expect(read({ method: 'SET_PROPERTY', params: ['combined', true], id: 5 })).toMatchObject({
      combined: true,
    })
    expect(read({ method: 'GET_PROPERTY', params: ['combined'], id: 2 })).toEqual({
      kind: 'isCombined',
      id: 2,
    })
  })

  it.each([
    ['{nonsense', '{"error":{"code":3,"msg":"Invalid JSON: expected value at line 1 column 1"}}'],
    ['[]', 'missing field `method`'],
    ['null', 'missing field `method`'],
    ['{"id":4}', '"id":4'],
    ['{"method":"SHOUT","id":1}', 'unknown variant SHOUT, expected one of SUBSCRIBE, UNSUBSCRIBE'],
    [
      '{"method":"SUBSCRIBE","params":["btcusdt"],"id":2}',
      '{"error":{"code":2,"msg":"Invalid request: invalid stream"},"id":2}',
    ],
    ['{"method":"SUBSCRIBE","params":[7],"id":2}', 'invalid stream'],
    ['{"method":"SUBSCRIBE","id":2}', 'missing field `params`'],
    ['{"method":"SUBSCRIBE","params":["a@b"],"id":1.5}', 'request ID must be'],
    ['{"method":"SUBSCRIBE","params":["a@b"],"id":{}}', 'request ID must be'],
    ['{"method":"SET_PROPERTY","params":["__proto__",true],"id":1}', '"code":0'],
    ['{"method":"GET_PROPERTY","params":[true],"id":1}', 'property name must be a string'],
    ['{"method":"SET_PROPERTY","params":["combined","yes"],"id":1}', '"code":1'],
  ])('answers %s with an error', (text, reply) => {
    const request = readControl(text, 'spot')
    expect(request.kind).toBe('error')
    expect(request).toHaveProperty('reply', expect.stringContaining(reply))
  })

  it('takes only unsigned whole numbers as ids on futures hosts', () => {
    const ask = (id: unknown) => readControl(JSON.stringify({ method: 'LIST_SUBSCRIPTIONS', id }), 'futures')
    expect(ask(7)).toEqual({ kind: 'list', id: 7 })
    for (const id of ['abc', -1, 1.5]) {
      expect(ask(id)).toMatchObject({
        kind: 'error',
        reply: expect.stringContaining('request ID must be an unsigned integer'),
        isFatal: false,
      })
    }
  })

  it('ends the connection behind nonsense on futures hosts only', () => {
    expect(readControl('{', 'futures')).toMatchObject({ kind: 'error', isFatal: true })
    expect(readControl('{', 'spot')).toMatchObject({ kind: 'error', isFatal: false })
  })
})
