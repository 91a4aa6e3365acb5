import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  collectFrom,
  inFolder,
  run,
  runJson,
  said,
  start,
  startApp,
  type Tables,
  withSimulateCommand,
} from './support.ts'

/** A warehouse that is collected once, and looked at by every command. */
let folder: string
let warehouse: string
let urls: { wsUrl: string; restUrl: string }

interface Status {
  readonly journal: { isRunning: boolean; lastRecord: number; releasedTo: number } | null
  readonly tables: { table: string; rows: number; committedUs: number | null }[]
  readonly holes: { open: number; closed: number }
  readonly commits: { committers: { name: string }[] }
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cryptoflow-'))
  warehouse = join(folder, 'warehouse')
  await withSimulateCommand(['--log', join(folder, 'log.jsonl')], async (markets) => {
    urls = markets.spot ?? urls
    const collect = start(
      ...collectFrom(markets, 'BTCUSDT,ETHUSDT', warehouse),
      '--seal-ms',
      '500',
      '--commit-ms',
      '200',
    )
    await new Promise<void>((resolve) => {
      collect.process.stderr?.on('data', (text) => {
        if (String(text).includes('connected')) resolve()
      })
    })
    await whileRunning()
    collect.process.kill('SIGTERM')
    const { code, stderr } = await collect.ended
    expect(code, stderr).toBe(0)
  })
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** What must hold beside a collector at work. */
async function whileRunning(): Promise<void> {
  const committer = startApp(
    'committer',
    '--warehouse',
    warehouse,
    '--set',
    'metrics.enabled=true',
    'metrics.port=0',
  )
  const isCommitting = said(committer, 'committing into')
  const refused = await run('clean', '--warehouse', warehouse, '--yes')
  expect(refused.code).toBe(2)
  expect(refused.stderr).toContain('another process')
  expect(existsSync(join(warehouse, 'raw', 'identity.json'))).toBe(true)
  const moved = await run('warehouse', 'move', warehouse, join(folder, 'elsewhere'))
  expect([moved.code, existsSync(warehouse)]).toEqual([2, true])
  await isCommitting
  for (let isCommitted = false; !isCommitted; ) {
    const status = await runJson<Status>('status', '--warehouse', warehouse, '--json')
    expect(status.journal?.isRunning).toBe(true)
    isCommitted = status.tables.some(({ rows }) => rows > 500)
    expect(status.commits.committers.map(({ name }) => name)).toContainEqual(
      expect.stringMatching(/^committer on /),
    )
  }
  committer.process.kill('SIGTERM')
  const { code, stderr } = await committer.ended
  expect(code, stderr).toBe(0)
  expect(stderr).toContain('metrics and health: http://127.0.0.1:')
  const verified = await run('journal', 'verify', warehouse)
  expect(verified.code, verified.stdout).toBe(0)
  const top = await run('top', '--warehouse', warehouse, '--every', '1')
  expect(top, top.stderr).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^binance +spot +trade +2 /m),
  })
  expectPlain(top.stdout.replace(warehouse, ''))
  const { streams } = await runJson<{
    streams: { stream: string; framesPerSecond: number; lagMs: number | null }[]
  }>('top', '--warehouse', warehouse, '--every', '1', '--json')
  expect(streams.find(({ stream }) => stream === 'trade')).toMatchObject({
    framesPerSecond: expect.any(Number),
    lagMs: expect.any(Number),
  })
  const { checks } = await runJson<{ checks: { name: string; verdict: string }[] }>(
    'doctor',
    '--warehouse',
    warehouse,
    '--symbols',
    'BTCUSDT',
    '--online',
    '--json',
    '--ws-url',
    urls.wsUrl,
    '--rest-url',
    urls.restUrl,
  )
  const verdictOf = (name: string) => checks.find((check) => check.name === name)?.verdict
  expect(['REST', 'clock', 'WebSocket', 'journal'].map(verdictOf)).toEqual(['ok', 'ok', 'ok', 'warn'])
}

/** Whether an answer fits into a terminal and holds nothing that moves one. */
function expectPlain(text: string): void {
  expect(text.split('\n').filter((line) => line.length > 80)).toEqual([])
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
  expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/)
}

describe('the journal from outside', () => {
  it('is listed with its segments, all in the tables after a stop on purpose', async () => {
    const listing = await runJson<{ last: number; releasedTo: number; segments: { state: string }[] }>(
      'journal',
      'ls',
      warehouse,
      '--json',
    )
    expect(listing.releasedTo).toBe(listing.last)
    expect(listing.segments.map(({ state }) => state)).toEqual(['released'])
    const { stdout } = await run('journal', 'ls', join(warehouse, 'raw'))
    expect(stdout).toContain('released')
    expectPlain(stdout)
  })

  it('is verified, and its first damage is named with status 1', async () => {
    const sound = await run('journal', 'verify', warehouse)
    expect(sound).toMatchObject({ code: 0 })
    expect(sound.stdout).toContain('every one as it was written')
    const home = join(folder, 'damaged')
    const copy = join(home, 'raw')
    cpSync(join(warehouse, 'raw'), copy, { recursive: true })
    const [name = ''] = readdirSync(join(copy, 'segments'))
    const segment = join(copy, 'segments', name)
    const bytes = readFileSync(segment)
    const middle = bytes.length >> 1
    bytes[middle] = (bytes[middle] as number) ^ 1
    writeFileSync(segment, bytes)
    const broken = await run('journal', 'verify', copy)
    expect(broken.code).toBe(1)
    expect(broken.stdout).toMatch(/^DAMAGED: .*\n.*\n {2}segment .*, record [\d,]+, offset [\d,]+\n/)
    expectPlain(broken.stdout)
    const status = await run('status', '--warehouse', home)
    expect(status.stdout, status.stderr).toContain('journal    DAMAGED')
  })

  it('is printed record by record, as asked for, and ends where its reader does', async () => {
    const lines = async (...args: string[]) => {
      const { code, stdout, stderr } = await run('journal', 'cat', warehouse, ...args)
      expect(code, stderr).toBe(0)
      expect(stdout).toMatch(/^[\x20-\x7e\n]*$/)
      return stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>)
    }
    expect((await lines('--limit', '3')).map(({ number }) => number)).toEqual([1, 2, 3])
    expect((await lines('--from', '2', '--to', '4')).map(({ number }) => number)).toEqual([2, 3, 4])
    const frames = await lines('--kinds', 'frame', '--symbol', 'ETHUSDT', '--limit', '20')
    expect(frames).toHaveLength(20)
    for (const { kind, text } of frames)
      expect([kind, String(text)]).toEqual(['frame', expect.stringMatching(/ethusdt/i)])
    const [{ number = 0 } = {}] = await lines('--kinds', 'connect')
    const own = await lines('--connection', String(number), '--limit', '5')
    expect(own.slice(1).every((line) => line.connection === number)).toBe(true)
    const { stdout } = await run('journal', 'cat', warehouse, '--kinds', 'frame', '--limit', '1', '--raw')
    expect(`${stdout.trim()}`).toBe(String((await lines('--kinds', 'frame', '--limit', '1'))[0]?.text))
    expect((await run('journal', 'cat', warehouse, '--kinds', 'frames')).code).toBe(2)
  })

  it('goes through a capture file and back, and gives the same rows', async () => {
    const capture = join(folder, 'capture.jsonl.zst')
    const imported = join(folder, 'imported')
    const exported = await runJson<{ frames: number; answers: number }>(
      'journal',
      'export',
      capture,
      '--journal',
      warehouse,
      '--json',
    )
    const report = await runJson<object>('journal', 'import', capture, imported, '--json')
    expect(report).toMatchObject({ frames: exported.frames, answers: exported.answers, unnamedAnswers: 0 })
    const replayed = await runJson<{ tables: Tables }>(
      'replay',
      '--input',
      imported,
      '--warehouse',
      join(folder, 'again'),
      '--json',
    )
    const lived = await runJson<{ tables: Tables }>('tables', '--warehouse', warehouse, '--json')
    expect(replayed.tables.ticks?.rows).toBe(lived.tables.ticks?.rows)
    expect(replayed.tables.spot_delta?.rows).toBe(lived.tables.spot_delta?.rows)
    expect(await run('journal', 'export', capture, '--journal', warehouse)).toMatchObject({ code: 2 })
    expect(await run('journal', 'import', capture, imported)).toMatchObject({ code: 2 })
  })

  it('leaves nothing of an import that failed', async () => {
    const capture = join(folder, 'bad.jsonl')
    writeFileSync(capture, '{"exchange":"x","market":"usdm","transport":"ws","conn":"1","raw":"{}"}\n')
    const target = join(folder, 'half')
    expect((await run('journal', 'import', capture, target)).code).toBe(1)
    expect(existsSync(target)).toBe(false)
    expect((await run('journal', 'import', capture, target, '--market', 'linear')).code).toBe(0)
  })
})

describe('a configuration', () => {
  it('is written by flags, never over another, and is one that every command takes', async () => {
    await inFolder(async (home) => {
      const file = join(home, 'a.yaml')
      const init = [
        'init',
        '--symbols',
        'BTCUSDT,ETHUSDT',
        '--streams',
        'ticks,spot_delta',
        '--dir',
        join(home, 'w'),
      ]
      expect(await run(...init, '--out', file, '--yes')).toMatchObject({ code: 0 })
      const before = readFileSync(file, 'utf8')
      expect(await run(...init, '--out', file, '--yes')).toMatchObject({ code: 2 })
      expect(readFileSync(file, 'utf8')).toBe(before)
      expect((await run('config', 'check', '--config', file)).stdout).toContain('(2 symbols)')
      const plan = await runJson<{
        markets: object[]
        load: { tables: object[] }
        disk: { fullInDays: number }
      }>('plan', '--config', file, '--json')
      expect(plan.markets).toMatchObject([
        { symbols: 2, books: 2, connections: 1, channels: ['trade', 'depth@100ms'] },
      ])
      expect(plan.load.tables).toHaveLength(2)
      expect(plan.disk.fullInDays).toBeGreaterThan(0)
      const { stdout } = await run('plan', '--config', file, '--activity', '0.1')
      expectPlain(stdout)
      expect(await run(...init, '--out', file, '--force', '--yes')).toMatchObject({ code: 0 })
      expect(
        await run('init', '--out', join(home, 'b.yaml'), '--symbols', 'A', '--market', 'moon'),
      ).toMatchObject({ code: 2 })
      expect(existsSync(join(home, 'b.yaml'))).toBe(false)
    })
  })

  it('is told everything that is wrong with it at once, with status 2', async () => {
    await inFolder(async (home) => {
      const file = join(home, 'bad.yaml')
      writeFileSync(file, 'exchange: binance\nmarkt: spot\nsymbols: [BTCUSDT]\nthreads: 7\n')
      const { code, stderr } = await run('config', 'check', '--config', file)
      expect(code).toBe(2)
      expect(stderr).toContain('bad.yaml:2:1: markt: expected a known key')
      expect(stderr).toContain('bad.yaml:4:10: threads:')
      const json = await run('config', 'check', '--config', file, '--json')
      expect(json.code).toBe(2)
      expect(JSON.parse(json.stdout)).toMatchObject({ ok: false, problems: [{ line: 2 }, { line: 4 }] })
      expect((await run('plan', '--config', file)).code).toBe(2)
      expect((await run('config', 'check', '--config', join(home, 'none.yaml'))).code).toBe(2)
    })
  })

  it('is printed with where each value is from, explained, and described by the schema that is checked in', async () => {
    const { stdout } = await run('config', 'print', '--set', 'exchange=binance', '--set', 'symbols=BTCUSDT')
    expect(stdout).toMatch(/symbols: .*BTCUSDT.*# flag --set/)
    expect((await run('config', 'explain', 'journal.retention.days')).stdout).toContain('default 7')
    const unknown = await run('config', 'explain', 'journal.retention.dayz')
    expect(unknown.code).toBe(2)
    expect(unknown.stderr).toContain('did you mean')
    const schema = readFileSync(join(import.meta.dirname, '..', 'configs', 'schema.json'), 'utf8')
    expect((await run('config', 'schema')).stdout).toBe(schema)
  })
})

describe('a warehouse', () => {
  it('is served by Iceberg REST until interrupted', async () => {
    const serving = start('serve-catalog', '--warehouse', warehouse)
    const { url } = JSON.parse(await serving.firstLine) as { url: string }
    const listed = await fetch(`${url}/v1/namespaces/cryptoflow/tables`)
    expect(await listed.json()).toMatchObject({
      identifiers: expect.arrayContaining([{ namespace: ['cryptoflow'], name: 'ticks' }]),
    })
    serving.process.kill('SIGTERM')
    expect(await serving.ended).toMatchObject({ code: 0, stderr: '' })
    const refused = start('serve-catalog', '--warehouse', warehouse, '--port', '70000')
    expect(await refused.ended).toMatchObject({ code: 2 })
    expect(await start('serve-catalog', '--warehouse', folder).ended).toMatchObject({ code: 2 })
  })

  it('is told at a glance', async () => {
    const status = await runJson<Status>('status', '--warehouse', warehouse, '--json')
    expect(status.journal?.isRunning).toBe(false)
    expect(status.journal?.releasedTo).toBe(status.journal?.lastRecord)
    const lived = await runJson<{ tables: Tables }>('tables', '--warehouse', warehouse, '--json')
    for (const { table, rows } of status.tables)
      expect([table, rows]).toEqual([table, lived.tables[table]?.rows])
    const { stdout } = await run('status', '--warehouse', warehouse)
    expect(stdout).toContain('not running')
    expectPlain(stdout.replace(warehouse, ''))
  })

  it('shows the rows of a table that came last, of one symbol if asked', async () => {
    const { stdout } = await run(
      'sample',
      'ticks',
      '--warehouse',
      warehouse,
      '--symbol',
      'ETHUSDT',
      '--format',
      'json',
    )
    const rows = JSON.parse(stdout) as { symbol: string; received_ts: string; frame: string }[]
    expect(rows.map(({ symbol }) => symbol)).toEqual(['ETHUSDT', 'ETHUSDT', 'ETHUSDT'])
    const last = await run(
      'query',
      "SELECT max(received_ts) AS t FROM ticks WHERE symbol = 'ETHUSDT'",
      '--warehouse',
      warehouse,
      '--format',
      'json',
    )
    expect(rows[0]?.received_ts).toBe((JSON.parse(last.stdout) as { t: string }[])[0]?.t)
    const quote = await run('sample', 'ticks', '--warehouse', warehouse, '--symbol', "x' OR 1=1 --")
    expect(quote).toMatchObject({ code: 0, stdout: expect.stringContaining('0 rows') })
    expect((await run('sample', 'tick', '--warehouse', warehouse)).code).toBe(2)
  })

  it('tells its holes once each, by cause and one by one', async () => {
    interface Gaps {
      summary: { cause: string; holes: number }[]
      gaps: { symbol: string; state: string }[]
    }
    const all = await runJson<Gaps>('gaps', '--warehouse', warehouse, '--json', '--limit', '100')
    const ids = await run(
      'query',
      'SELECT count(DISTINCT gap_id)::INTEGER AS n FROM gaps',
      '--warehouse',
      warehouse,
      '--format',
      'json',
    )
    const total = all.summary.reduce((sum, { holes }) => sum + holes, 0)
    expect(total).toBe((JSON.parse(ids.stdout) as { n: number }[])[0]?.n)
    expect(all.gaps).toHaveLength(total)
    expect(new Set(all.summary.map(({ cause }) => cause))).toEqual(new Set(['start', 'shutdown']))
    const one = await runJson<Gaps>('gaps', '--warehouse', warehouse, '--symbol', 'ETHUSDT', '--json')
    expect(new Set(one.gaps.map(({ symbol }) => symbol))).toEqual(new Set(['ETHUSDT']))
    const early = await run('gaps', '--warehouse', warehouse, '--to', '2001-01-01T00:00:00Z')
    expect(early.stdout).toBe('no holes\n')
    const later = await runJson<Gaps>(
      'gaps',
      '--warehouse',
      warehouse,
      '--from',
      '2100-01-01T00:00:00Z',
      '--json',
    )
    expect(later.summary.map(({ cause }) => cause).every((cause) => cause === 'shutdown')).toBe(true)
    expectPlain((await run('gaps', '--warehouse', warehouse)).stdout)
  })

  it('tells how much of a day is complete, and that a day has no row', async () => {
    interface Coverage {
      day: string | null
      tables: { keys: number }[]
    }
    const empty = await run('coverage', '--warehouse', warehouse, '--day', '2001-01-01')
    expect(empty).toMatchObject({ code: 0, stdout: '2001-01-01: no minute is covered\n' })
    const json = await runJson<Coverage>(
      'coverage',
      '--warehouse',
      warehouse,
      '--json',
      '--day',
      '2001-01-01',
    )
    expect(json).toEqual({ day: '2001-01-01', tables: [], causes: [], worst: [] })
    expect((await run('coverage', '--warehouse', warehouse, '--day', '2001-13-01')).code).toBe(2)
    expectPlain((await run('coverage', '--warehouse', warehouse)).stdout)
  })

  it('writes a result to a new file only', async () => {
    const out = join(folder, 'result.csv')
    const query = ['query', 'SELECT 1 AS a', '--warehouse', warehouse, '--format', 'csv', '--out', out]
    expect(await run(...query)).toMatchObject({ code: 0, stdout: '' })
    expect(readFileSync(out, 'utf8')).toBe('a\r\n1\n')
    expect(await run(...query)).toMatchObject({ code: 2 })
  })

  it('gives its rows as Parquet, of a symbol, a time, and the past', async () => {
    const at = ['--warehouse', warehouse, '--format', 'json']
    const count = async (...args: string[]): Promise<number> => {
      const { code, stdout, stderr } = await run(
        'query',
        'SELECT count(*)::INTEGER AS n FROM ticks',
        ...at,
        ...args,
      )
      expect(code, stderr).toBe(0)
      return (JSON.parse(stdout) as { n: number }[])[0]?.n as number
    }
    const all = await count()
    const out = join(folder, 'eth.parquet')
    const parquet = ['--format', 'parquet', '--symbol', 'ETH*', '--out', out]
    const written = await run('query', 'FROM ticks', '--warehouse', warehouse, ...parquet)
    expect(written, written.stderr).toMatchObject({ code: 0, stdout: '' })
    const eth = await count('--symbol', 'ETH*')
    expect(written.stderr).toContain(`${eth.toLocaleString('en-US')} rows written`)
    expect(eth + (await count('--symbol', 'BTC*'))).toBe(all)
    expect(await run('query', 'FROM ticks', '--warehouse', warehouse, ...parquet)).toMatchObject({ code: 2 })
    expect(await run('query', 'FROM ticks', ...at.slice(0, 2), '--format', 'parquet')).toMatchObject({
      code: 2,
    })
    expect(await count('--from', '2100-01-01')).toBe(0)
    expect(await count('--as-of', '2020-01-01')).toBe(0)
    expect(await count('--as-of', '2100-01-01')).toBe(all)
    const { tables } = await runJson<Status>('status', '--warehouse', warehouse, '--json')
    const first = tables.find(({ table }) => table === 'ticks')?.committedUs ?? 0
    const before = await count('--as-of', new Date(first / 1000 - 1).toISOString())
    expect([before > 0, before < all]).toEqual([true, true])
    expect(await run('query', 'FROM ticks', '--warehouse', warehouse, '--as-of', '12345')).toMatchObject({
      code: 2,
    })
    expect(await run('query', 'FROM ticks', '--warehouse', warehouse, '--as-of', 'then')).toMatchObject({
      code: 2,
    })
  })

  it('is whole, and not whole with a file cut short, taken away or too many', async () => {
    interface Check {
      ok: boolean
      origin: string | null
      tables: { table: string; findings: object[] }[]
      orphans: object[]
    }
    const sound = await runJson<Check>('warehouse', 'check', '--warehouse', warehouse, '--json')
    expect(sound).toMatchObject({ ok: true, origin: null, orphans: [] })
    const data = join(warehouse, 'cryptoflow', 'ticks', 'data')
    const [name = ''] = readdirSync(data)
    const file = join(data, name)
    const kept = join(folder, 'kept.parquet')
    copyFileSync(file, kept)
    try {
      copyFileSync(file, join(data, 'orphan.parquet'))
      const orphaned = await run('warehouse', 'check', '--warehouse', warehouse)
      expect(orphaned).toMatchObject({ code: 0, stdout: expect.stringContaining('data/orphan.parquet') })
      writeFileSync(file, readFileSync(kept).subarray(0, 100))
      const cut = await run('warehouse', 'check', '--warehouse', warehouse)
      expect(cut).toMatchObject({ code: 1, stdout: expect.stringContaining('cut short') })
      rmSync(file)
      const gone = await run('warehouse', 'check', '--warehouse', warehouse)
      expect(gone).toMatchObject({ code: 1, stdout: expect.stringContaining('is not there') })
    } finally {
      copyFileSync(kept, file)
      rmSync(join(data, 'orphan.parquet'), { force: true })
    }
  })

  it('is looked after, and has the same rows', async () => {
    const copy = join(folder, 'to-maintain')
    cpSync(warehouse, copy, { recursive: true })
    await run('warehouse', 'move', warehouse, copy)
    interface Maintained {
      refused: string[]
      snapshots: number
      tables: { table: string; before: { snapshots: number }; after: { snapshots: number } }[]
    }
    const config = join(folder, 'maintain.yaml')
    const expire = 'expire: {keep_snapshots: 10}'
    writeFileSync(config, `exchange: binance\nsymbols: [BTCUSDT]\nmaintenance: {orphans: null, ${expire}}\n`)
    const args = ['maintain', '--warehouse', copy, '--config', config]
    const planned = await runJson<Maintained>(...args, '--dry-run', '--json')
    expect(planned.refused).toEqual([])
    const done = await runJson<Maintained>(...args, '--json')
    expect(done.snapshots).toBe(planned.snapshots)
    for (const { table, after } of done.tables) expect(after.snapshots, table).toBeLessThanOrEqual(10)
    const [lived, maintained] = await Promise.all(
      [warehouse, copy].map((place) => runJson<{ tables: Tables }>('tables', '--warehouse', place, '--json')),
    )
    expect(maintained).toEqual(lived)
    expect(await run('warehouse', 'check', '--warehouse', copy)).toMatchObject({ code: 0 })
    expect(await run('repair', '--warehouse', copy)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('nothing to repair'),
    })
    expect((await run('maintain', '--warehouse', copy, '--orphans')).stdout).toContain(
      'tables looked after: 0 files',
    )
  })

  it('names its own files after a copy, once it was told to', async () => {
    const copy = join(folder, 'copy')
    cpSync(warehouse, copy, { recursive: true })
    const command = `warehouse move ${warehouse} ${copy}`
    const told = await run('warehouse', 'check', '--warehouse', copy)
    expect(told).toMatchObject({ code: 1, stdout: expect.stringContaining(`  cryptoflow ${command}`) })
    for (const args of [['status'], ['query', 'FROM ticks'], ['sample', 'ticks']]) {
      const { code, stderr } = await run(...args, '--warehouse', copy)
      expect([code, stderr]).toEqual([2, expect.stringContaining(command)])
    }
    expect((await run(...command.split(' '))).stdout).toContain('rewritten: ')
    expect(await run('warehouse', 'check', '--warehouse', copy)).toMatchObject({ code: 0 })
    const [lived, copied] = await Promise.all(
      [warehouse, copy].map((place) => runJson<{ tables: Tables }>('tables', '--warehouse', place, '--json')),
    )
    expect(copied).toEqual(lived)
    expect((await run(...command.split(' '))).stdout).toContain('nothing to do')
    const further = join(folder, 'further')
    expect((await run('warehouse', 'move', copy, further)).stdout).toContain('moved: ')
    expect(await run('warehouse', 'check', '--warehouse', further)).toMatchObject({ code: 0 })
  })

  it('is deleted only when somebody agrees, and what is not ours stays', async () => {
    const copy = join(folder, 'to-clean')
    cpSync(warehouse, copy, { recursive: true })
    writeFileSync(join(copy, 'notes.txt'), 'mine')
    const unasked = await run('clean', '--warehouse', copy)
    expect(unasked).toMatchObject({ code: 2, stdout: expect.stringContaining('journal') })
    expect(existsSync(join(copy, 'catalog.db'))).toBe(true)
    const cleaned = await run('clean', '--warehouse', copy, '--yes')
    expect(cleaned, cleaned.stderr).toMatchObject({ code: 0 })
    expect(readdirSync(copy)).toEqual(['notes.txt'])
    const other = join(folder, 'other')
    mkdirSync(join(other, 'raw'), { recursive: true })
    expect(await run('clean', '--warehouse', other, '--yes')).toMatchObject({ code: 2 })
    expect(existsSync(join(other, 'raw'))).toBe(true)
  })
})

describe('the command line', () => {
  it('ends with 2 for what it does not understand, and with 0 for help', async () => {
    for (const args of [
      ['frobnicate'],
      ['journal'],
      ['sample'],
      ['plan', '--no-such-flag'],
      ['query', 'nonsense'],
    ]) {
      expect((await run(...args)).code, args.join(' ')).toBe(2)
    }
    for (const args of [
      ['--help'],
      ['plan', '--help'],
      ['journal', 'cat', '--help'],
      ['--version'],
      ['version'],
    ]) {
      const { code, stdout } = await run(...args)
      expect(code, args.join(' ')).toBe(0)
      expectPlain(stdout)
    }
  })

  it('says what runs, and completes itself', async () => {
    const { version, sha, formats } = await runJson<{
      version: string
      sha: string
      formats: Record<string, unknown>
    }>('version', '--json')
    expect((await run('--version')).stdout).toBe(`${version}\n`)
    expect(sha).toMatch(/^[0-9a-f]{40}$/)
    expect(formats).toMatchObject({ journal: 1, segment: 2 })
    const { code, stdout } = await run('completion', 'bash')
    expect(code).toBe(0)
    expect(stdout).toContain("'journal cat --kinds')")
    expect((await run('completion', 'csh')).code).toBe(2)
  })

  it('fails in the doctor for an exchange that nobody can reach, in words', async () => {
    const nobody = ['--ws-url', 'ws://127.0.0.1:1', '--rest-url', 'http://127.0.0.1:1', '--symbols', 'A']
    const { code, stdout } = await run('doctor', '--warehouse', join(folder, 'new'), ...nobody, '--online')
    expect(code).toBe(1)
    expect(stdout).toContain('nobody listens there')
    const offline = await run('doctor', '--warehouse', join(folder, 'new'), ...nobody)
    expect(offline).toMatchObject({ code: 0, stdout: expect.stringContaining('not asked: --online') })
  })
})
