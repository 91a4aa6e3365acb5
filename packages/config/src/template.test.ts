import { describe, expect, it } from 'vitest'
import { nodesOf } from './declaration.ts'
import { DEFAULTS_BELOW, defaultConfig, renderTemplate, type TemplateOptions } from './template.ts'
import { loadText } from './testing/load-text.ts'

const options: TemplateOptions = {
  exchange: 'binance',
  market: 'spot',
  streams: ['ticks', 'spot_delta'],
  symbols: ['BTCUSDT', 'ETHUSDT'],
  directory: './data dir',
  schema: './schema.json',
}

describe('the file to begin with', () => {
  it('loads as it is, to what was asked for and the defaults', () => {
    const { config, problems, warnings } = loadText(renderTemplate(options))
    expect(problems).toEqual([])
    expect(warnings).toEqual([])
    const { collectors, warehouse, ...others } = config ?? {}
    expect(collectors).toEqual([
      expect.objectContaining({ market: 'spot', streams: options.streams, symbols: options.symbols }),
    ])
    expect(warehouse).toEqual({ directory: './data dir' })
    expect(defaultConfig()).toMatchObject(others)
  })

  it('loads to the same with every comment taken away', () => {
    const text = renderTemplate(options)
    const [above = '', below = ''] = text.split(DEFAULTS_BELOW)
    const all = loadText(above + below.replace(/^#/gm, ''))
    expect(all.problems).toEqual([])
    expect(all.config).toEqual(loadText(text).config)
    expect(all.sources.get('seal.rows')?.origin).toBe('file')
  })

  it('tells of every key', () => {
    const text = renderTemplate(options)
    for (const { path } of nodesOf()) {
      if (path.length === 0 || path[0] === 'collectors' || path.includes('*')) continue
      expect(text, path.join('.')).toMatch(new RegExp(`^#? *${path.at(-1)}:`, 'm'))
    }
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(110)
  })

  it('leaves out streams and schema where none are named', () => {
    const text = renderTemplate({ ...options, streams: null, schema: null })
    expect(text).not.toContain('$schema')
    expect(loadText(text).config?.collectors[0]?.streams).toBeNull()
  })
})
