import { loadConfig } from '@cryptoflow/config'
import { maintenanceDefaults } from '@cryptoflow/pipeline'
import { describe, expect, it } from 'vitest'
import { exchangeFacts } from './facts.ts'
import { settingsOf } from './settings.ts'

/** The settings of a configuration of one symbol with this beside it. */
function settingsWith(more: string) {
  const text = `exchange: binance\nsymbols: [BTCUSDT]\n${more}`
  const file = { name: 'x.yaml', text }
  const { config, problems } = loadConfig({ file, environment: [], flags: [], facts: exchangeFacts() })
  if (config === null) throw new Error(JSON.stringify(problems))
  return settingsOf(config)
}

describe('who commits', () => {
  it('is the collecting process itself, which has the journal without a name', () => {
    expect(settingsWith('')).toMatchObject({
      journalName: null,
      commit: { by: 'collector', everyMs: 10_000, voidAfterMs: 129_600_000 },
    })
  })

  it('may be somebody else, who then looks after the tables, too', () => {
    const settings = settingsWith('commit: {by: committer, every_ms: 500}\njournal: {name: spot-1}')
    expect(settings).toMatchObject({ journalName: 'spot-1', commit: { by: 'committer', everyMs: 500 } })
    expect(settings.maintenance).toBeUndefined()
  })
})

describe('when data files are cut', () => {
  it('is said by either key, and the shorter time counts', () => {
    const sealed = (more: string): number => settingsWith(more).sealEveryMs
    expect(sealed('')).toBe(30_000)
    expect(sealed('parquet: {flush_interval_ms: 5000}')).toBe(5_000)
    expect(sealed('parquet: {flush_interval_ms: 5000}\nseal: {every_ms: 2000}')).toBe(2_000)
    expect(sealed('parquet: {flush_interval_ms: 60000}')).toBe(30_000)
  })
})

describe('how the tables are looked after', () => {
  it('is what the pipeline takes for granted, unless somebody says otherwise', () => {
    expect(settingsWith('').maintenance).toEqual({ ...maintenanceDefaults, everyMs: 3_600_000 })
  })

  it('can be turned off, in whole and in parts', () => {
    expect(settingsWith('maintenance: {enabled: false}').maintenance).toBeUndefined()
    const parts = 'maintenance: {compact: null, expire: {keep_hours: 2}, orphans: null, every_ms: 60000}'
    expect(settingsWith(parts).maintenance).toEqual({
      compact: null,
      expire: { keepMs: 7_200_000, snapshotsMax: 1_000 },
      orphans: null,
      everyMs: 60_000,
    })
  })
})

describe('what is done with messages on their way to rows', () => {
  it('is said as it was written, and nothing of what was not', () => {
    const operators = (more: string) => settingsWith(more).collections[0]?.operators
    expect(operators('')).toBeUndefined()
    const filter = 'ticks: {deny: ["*UP"], price_min: "0.10"}, spot_delta: {allow: [BTC*]}'
    expect(operators(`operators: {filter: {${filter}}}`)).toEqual({
      filter: { ticks: { deny: ['*UP'], priceMin: '0.10' }, spot_delta: { allow: ['BTC*'] } },
    })
    expect(operators('operators: {watermark: {late: drop}}')).toBeUndefined()
    expect(operators('operators: {watermark: {late: drop}, aggregate: {windows: [1m]}}')).toEqual({
      aggregate: { windows: ['1m'] },
      watermark: { allowedLatenessMs: 5_000, late: 'drop', idleMs: 1_000 },
    })
    expect(operators('operators: {dedupe: {window: 99}}')).toEqual({ dedupe: { window: 99 } })
  })
})
