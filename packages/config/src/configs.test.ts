import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { parseDotenv } from './dotenv.ts'
import { problemText } from './place.ts'
import { configSchema } from './schema.ts'
import { validates } from './testing/json-schema.ts'
import { loadText } from './testing/load-text.ts'

const root = join(import.meta.dirname, '../../..')
const files = globSync('configs/{dev,prod}/*.yaml', { cwd: root }).sort()
const textOf = (file: string) => readFileSync(join(root, file), 'utf8')

describe('the examples', () => {
  it('are there', () => {
    expect(files.length).toBeGreaterThanOrEqual(5)
  })

  // What they ask of exchanges is checked where adapters are known: with the command line.
  it.each(files)('%s is as the schema says, and names it', (file) => {
    const text = textOf(file)
    expect(validates(configSchema(), parse(text))).toBe(true)
    expect(text).toMatch(/^# yaml-language-server: \$schema=\.\.\/schema\.json\n/)
  })

  it('of variables are right with every comment taken away', () => {
    const text = textOf('.env.example').replace(/^#(?=[A-Z])/gm, '')
    const { variables, problems } = parseDotenv('.env', text)
    expect(problems).toEqual([])
    expect(variables.length).toBeGreaterThan(8)
    // Those of one collector are tried with the command line, where their exchange is known.
    const settings = variables.filter(({ name }) => !/SYMBOLS|_(EXCHANGE|MARKET|BOOK_DEPTH)$/.test(name))
    const environment = Object.fromEntries(settings.map(({ name, value }) => [name, value]))
    const loaded = loadText(textOf('configs/dev/spot.yaml'), { environment })
    expect(loaded.problems.map(problemText)).toEqual([])
    expect(loaded.config).toMatchObject({ journal: { retention: { days: 3 } }, log: { level: 'debug' } })
  })
})
