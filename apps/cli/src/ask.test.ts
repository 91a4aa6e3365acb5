import { describe, expect, it } from 'vitest'
import { agreed } from './ask.ts'

describe('a yes', () => {
  it('is said, and nothing else is one', async () => {
    const says = (answer: string) => agreed(async () => answer, 'delete?')
    for (const answer of ['y', 'Y', 'yes', 'YES']) expect(await says(answer), answer).toBe(true)
    for (const answer of ['', 'n', 'no', 'yep', 'y n', 'sure']) expect(await says(answer), answer).toBe(false)
  })
})
