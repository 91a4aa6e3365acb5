import { describe, expect, it } from 'vitest'
import { decodeAnswerPayload, encodeAnswer } from './records.ts'

describe('answer records', () => {
  it('carry what they answer beside the body as received', () => {
    const context = {
      exchange: 'x',
      market: 'spot',
      symbol: '测试',
      stream: 'd',
      resync: 3,
      status: 200,
    } as const
    const body = new Uint8Array([123, 0, 255, 125])
    const decoded = decodeAnswerPayload(encodeAnswer(context, body))
    expect(decoded.context).toEqual(context)
    expect([...decoded.body]).toEqual([...body])
  })
})
