import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { parseDotenv } from './dotenv.ts'
import { loadConfig } from './load.ts'
import { problemText } from './place.ts'
import { configSchema } from './schema.ts'
import { facts } from './testing/facts.ts'
import { validates } from './testing/json-schema.ts'
import { loadText } from './testing/load-text.ts'

const root = join(import.meta.dirname, '../../..')
const files = globSync('configs/{dev,prod}/*.yaml', { cwd: root }).sort()
const textOf = (file: string) => readFileSync(join(root, file), 'utf8')
/** Markets that the examples name and the facts of tests do not. */
const withInverse = [...facts, ...facts.slice(1).map((fact) => ({ ...fact, market: 'inverse' as const }))]

describe('the examples', () => {
  it('are there', () => {
    expect(files.length).toBeGreaterThanOrEqual(5)
  })

  it.each(files)('%s loads without a problem or a warning, and its schema agrees', (file) => {
    const text = textOf(file)
    const { problems, warnings } = loadConfig({
      file: { name: file, text },
      environment: [],
      flags: [],
      facts: withInverse,
    })
    expect(problems.map(problemText)).toEqual([])
    expect(warnings.map(problemText)).toEqual([])
    expect(validates(configSchema(), parse(text))).toBe(true)
    expect(text).toMatch(/^# yaml-language-server: \$schema=\.\.\/schema\.json\n/)
  })

  it('of variables are right with every comment taken away', () => {
    const text = textOf('.env.example').replace(/^#(?=[A-Z])/gm, '')
    const { variables, problems } = parseDotenv('.env', text)
    expect(problems).toEqual([])
    expect(variables.length).toBeGreaterThan(8)
    const settings = variables.filter(({ name }) => !name.includes('SYMBOLS'))
    const environment = Object.fromEntries(settings.map(({ name, value }) => [name, value]))
    const loaded = loadText(textOf('configs/dev/spot.yaml'), { environment })
    expect(loaded.problems.map(problemText)).toEqual([])
    expect(loaded.config).toMatchObject({ journal: { retention: { days: 3 } }, log: { level: 'debug' } })
  })
})
