import { describe, expect, it } from 'vitest'
import { parseDotenv } from './dotenv.ts'

const valuesOf = (text: string): Record<string, string> =>
  Object.fromEntries(parseDotenv('.env', text).variables.map(({ name, value }) => [name, value]))

describe('a .env file', () => {
  it('holds lines of KEY=VALUE, with quotes where they are needed', () => {
    const text = [
      '# a comment',
      '',
      'A=1',
      '  B = two words  # behind a blank',
      'C=with#sign',
      "D='as $it \\n stands # here' # comment",
      'E="a\\nb \\"c\\" \\\\ \\$"',
      'export F=x',
      'G=',
      'H= # nothing',
      'I=a=b',
    ].join('\r\n')
    expect(valuesOf(text)).toEqual({
      A: '1',
      B: 'two words',
      C: 'with#sign',
      D: 'as $it \\n stands # here',
      E: 'a\nb "c" \\ $',
      F: 'x',
      G: '',
      H: '',
      I: 'a=b',
    })
  })

  it('says where each variable stands', () => {
    const [variable] = parseDotenv('.env', '\n\nA=1').variables
    expect(variable).toEqual({ name: 'A', value: '1', file: '.env', line: 3 })
  })

  it('tells bad lines by place, never by what they hold', () => {
    const { variables, problems } = parseDotenv(
      '.env',
      'A=1\n  hunter2\nB="hunter2\nC=\'hunter2\n1X=hunter2\nD="a" hunter2',
    )
    expect(variables.map(({ name }) => name)).toEqual(['A'])
    expect(problems.map(({ line, column, key }) => [line, column, key])).toEqual([
      [2, 3, ''],
      [3, 1, 'B'],
      [4, 1, 'C'],
      [5, 1, ''],
      [6, 1, 'D'],
    ])
    expect(JSON.stringify(problems)).not.toContain('hunter2')
  })
})
