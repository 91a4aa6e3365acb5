import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { configSchema, loadConfig, problemText } from '@cryptoflow/config'
import { exchangeFacts } from '@cryptoflow/console'
import { operatorNames } from '@cryptoflow/pipeline'
import { describe, expect, it } from 'vitest'

const folder = join(import.meta.dirname, '../../../docs/operators')
const facts = exchangeFacts()
const pageOf = (name: string): string => readFileSync(join(folder, `${name}.md`), 'utf8')
const pages = ['README', ...operatorNames]

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>
  readonly additionalProperties?: Schema | false
}

/** What stands below `operators` in a configuration, as editors are told. */
function keysOf(operator: string): string[] {
  const { properties } = configSchema() as Schema
  const own = properties?.operators?.properties?.[operator]
  const section = own?.properties === undefined ? own?.additionalProperties : own
  return section ? Object.keys(section.properties ?? {}) : []
}

describe('the pages of operators', () => {
  it('are there for each operator that is configured, and are in their list', () => {
    const { properties } = configSchema() as Schema
    expect(Object.keys(properties?.operators?.properties ?? {}).sort()).toEqual([...operatorNames].sort())
    for (const name of operatorNames) expect(pageOf('README')).toContain(`[${name}.md](${name}.md)`)
  })

  it.each(operatorNames)('of %s explains every key', (name) => {
    const keys = keysOf(name)
    expect(keys.length).toBeGreaterThan(0)
    for (const key of keys) expect(pageOf(name)).toContain(`\`${key}\``)
  })

  it.each(pages)('%s has an example that is accepted without a problem or a warning', (name) => {
    const examples = [...pageOf(name).matchAll(/^```yaml\n(.*?)^```/gms)].map(([, text = '']) => text)
    expect(examples.length).toBeGreaterThan(0)
    for (const text of examples) {
      const file = { name: `${name}.yaml`, text }
      const { problems, warnings } = loadConfig({ file, environment: [], flags: [], facts })
      expect([...problems, ...warnings].map(problemText)).toEqual([])
      if (name !== 'README') expect(text).toContain(`${name}:`)
    }
  })
})
