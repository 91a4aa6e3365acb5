import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { CryptoFlowError, type ManualClock, manualClock } from '@cryptoflow/runtime'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Log, type LogOptions, openLog } from './log.ts'
import { type Metrics, openMetrics } from './metrics.ts'

let clock: ManualClock
let metrics: Metrics
let written: string
let isTaken: boolean

beforeEach(() => {
  clock = manualClock(Date.UTC(2026, 10, 21, 10) * 1000)
  metrics = openMetrics({ perSymbol: false, process: false })
  written = ''
  isTaken = true
})

function opened(options: Partial<LogOptions> = {}): Log {
  const output = {
    write(text: string) {
      if (isTaken) written += text
      return isTaken
    },
    close() {},
  }
  return openLog({
    level: 'info',
    format: 'json',
    rotateBytes: 1 << 20,
    keepDays: 7,
    keepFiles: 5,
    sampling: null,
    isTerminal: false,
    clock,
    metrics,
    output,
    ...options,
  })
}

// biome-ignore lint/suspicious/noExplicitAny: what is in it is what the tests look at.
function lines(): any[] {
  return written
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line))
}

describe('a line', () => {
  test('has time, level, the fields and the message, in this order, as one JSON object', () => {
    const log = opened()
    log.info('connected', {
      exchange: 'e',
      market: 'spot',
      stream: 'trades',
      shard: 3,
      symbol: 'A',
      streams: 12,
    })
    expect(written).toBe(
      '{"level":"info","time":"2026-11-21T10:00:00.000Z","exchange":"e","market":"spot","stream":"trades","shard":3,"symbol":"A","streams":12,"msg":"connected"}\n',
    )
  })

  test('has the fields of the log it was made from, and its own win', () => {
    const log = opened().with({ exchange: 'e', shard: 1 }).with({ shard: 2, trace_id: 't' })
    log.warn('slow', { exchange: 'f' })
    log.info('plain')
    expect(lines()).toMatchObject([
      { level: 'warn', exchange: 'f', shard: 2, trace_id: 't', msg: 'slow' },
      { level: 'info', exchange: 'e', shard: 2, trace_id: 't', msg: 'plain' },
    ])
  })

  test('is told from the level on, which can be changed while running', () => {
    const log = opened({ level: 'warn' })
    const child = log.with({ shard: 1 })
    child.info('a')
    child.warn('b')
    log.setLevel('debug')
    child.debug('c')
    expect(lines().map(({ level, msg }) => level + msg)).toEqual(['warnb', 'debugc'])
  })

  test('tells an error with kind, reaction, context and cause', () => {
    const cause = new Error('no room')
    const error = new CryptoFlowError('sync: failed', {
      kind: 'disk',
      reaction: 'stop',
      context: { at: 5n },
      cause,
    })
    opened().error('journal stopped', { error })
    expect(lines()[0].error).toMatchObject({
      kind: 'disk',
      reaction: 'stop',
      context: { at: '5' },
      cause: { message: 'no room' },
    })
  })

  test('takes no percent sign for a format', () => {
    opened().info('100%s %d %o %%', { a: 1 })
    expect(lines()[0].msg).toBe('100%s %d %o %%')
  })
})

describe('text from the wire', () => {
  const hostile =
    'A\n{"level":"error","msg":"forged"}\r\u001b]0;title\u0007\u001b[2J\u202eTDSU\u2066\u2028\u0085\0测试USDT'

  for (const format of ['json', 'pretty'] as const) {
    test(`stays on its line and shows its escapes (${format})`, () => {
      const log = opened({ format })
      log.info(`message ${hostile}`, {
        symbol: hostile,
        [hostile]: [hostile],
        err: { message: hostile, stack: hostile },
      })
      log.warn('x', {
        error: new Error(hostile),
        stack: hostile,
        err: new Error(hostile),
        msg: hostile,
        type: 'Error',
      })
      expect(written.split('\n')).toHaveLength(3)
      expect(written.replaceAll('\n', '')).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u)
      expect(written).toContain('测试USDT')
      expect(written).toMatch(/\\u202eTDSU/)
    })
  }

  test('cannot pass for the level, the time or the message', () => {
    const log = opened()
    log.info('real', { level: 'error', time: 'yesterday', msg: 'forged', pid: 1 })
    expect(lines()[0]).toEqual({
      level: 'info',
      time: '2026-11-21T10:00:00.000Z',
      field_level: 'error',
      field_time: 'yesterday',
      field_msg: 'forged',
      field_pid: 1,
      msg: 'real',
    })
    expect(written.match(/"level":/g)).toHaveLength(1)
  })

  test('makes no line of more than 64 kB', () => {
    const large = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`f${i}`, '\u0000'.repeat(1e5)]))
    opened().info('\u202e'.repeat(1e6), large)
    expect(written.length).toBeLessThan(65_536)
    expect(lines()).toHaveLength(1)
  })
})

test('secrets are in no line', () => {
  const log = opened({ secrets: ['correct horse'] })
  log.error('signing with correct horse failed', {
    url: 'https://u:hunter2@h/?X-Amz-Signature=hunter2',
    secretAccessKey: 'hunter2',
    headers: { Authorization: 'hunter2' },
    error: new Error('Bearer hunter2: correct horse'),
  })
  expect(written).not.toMatch(/hunter2|correct horse/)
})

describe('a storm', () => {
  test('tells the first lines of a minute and then one line of how many it left out', async () => {
    const log = opened({ sampling: { firstPerMinute: 5 } })
    for (let i = 0; i < 100_000; i++) log.warn('reconnecting', { symbol: `S${i}` })
    log.info('other')
    expect(lines()).toHaveLength(6)
    clock.advance(60_000)
    expect(lines().slice(6)).toEqual([
      {
        level: 'warn',
        time: '2026-11-21T10:01:00.000Z',
        suppressed: 99_995,
        of: 'reconnecting',
        msg: 'suppressed 99995',
      },
    ])
    log.warn('reconnecting')
    expect(lines()).toHaveLength(8)
    const sums = await metrics.sums()
    expect(sums.get('log_suppressed_total')).toBe(99_995)
    expect(sums.get('log_lines_total')).toBe(8)
  })

  test('is told at closing, and nothing after it', async () => {
    const log = opened({ sampling: { firstPerMinute: 1 } })
    for (let i = 0; i < 3; i++) log.warn('a')
    await log.close()
    log.warn('a')
    await log.close()
    expect(lines().map(({ msg }) => msg)).toEqual(['a', 'suppressed 2'])
    clock.advance(120_000)
    expect(lines()).toHaveLength(2)
  })

  test('of lines below the level costs no count', async () => {
    const log = opened({ sampling: { firstPerMinute: 1 } })
    log.debug('a')
    log.debug('a')
    await log.close()
    expect(written).toBe('')
  })
})

describe('volume', () => {
  test('is counted in lines and bytes', async () => {
    const log = opened()
    log.info('测')
    log.error('b')
    const sums = await metrics.sums()
    expect(sums.get('log_lines_total')).toBe(2)
    expect(sums.get('log_bytes_total')).toBe(Buffer.byteLength(written))
    expect(sums.get('log_failures_total')).toBe(0)
  })

  test('that the disk did not take is counted as lost', async () => {
    const log = opened()
    isTaken = false
    log.info('a')
    const sums = await metrics.sums()
    expect(sums.get('log_failures_total')).toBe(1)
    expect(sums.get('log_bytes_total') ?? 0).toBe(0)
  })
})

describe('formats', () => {
  test('auto is pretty and coloured on a terminal, and JSON elsewhere', () => {
    opened({ format: 'auto', isTerminal: true }).info('hello', { symbol: 'A' })
    expect(written).toContain('hello')
    expect(written).toContain('\u001b[')
    expect(written).not.toContain('"msg"')
    written = ''
    opened({ format: 'auto', isTerminal: false }).info('hello')
    expect(lines()[0].msg).toBe('hello')
  })

  test('pretty has no colours where there is no terminal', () => {
    opened({ format: 'pretty' }).warn('hello', { symbol: 'A', n: 1 })
    expect(written).toBe('[10:00:00.000] WARN: hello {"symbol":"A","n":1}\n')
  })
})

describe('outputs', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'telemetry-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  test('a file gets JSON lines, also when there is a terminal, and stays within its bounds', async () => {
    const log = openLog({
      level: 'info',
      format: 'auto',
      file: join(folder, 'a', 'x.log'),
      rotateBytes: 2000,
      keepDays: 7,
      keepFiles: 3,
      sampling: null,
      clock,
      isTerminal: true,
      metrics,
    })
    for (let i = 0; i < 500; i++) log.info('line', { i })
    await log.close()
    const files = readdirSync(join(folder, 'a'))
    expect(files).toHaveLength(4)
    for (const name of files) {
      const path = join(folder, 'a', name)
      expect(statSync(path).size).toBeLessThanOrEqual(2000)
      for (const line of readFileSync(path, 'utf8').trim().split('\n'))
        expect(JSON.parse(line).msg).toBe('line')
    }
    expect(readFileSync(join(folder, 'a', 'x.log'), 'utf8')).toContain('"i":499')
  })

  /** A process that logs this many lines to its standard output, closes the log, tells how it went, and exits. */
  function logging(count: number): ChildProcessByStdio<null, Readable, Readable> {
    const script = `
      import { openLog } from ${JSON.stringify(join(import.meta.dirname, 'log.ts'))}
      import { openMetrics } from ${JSON.stringify(join(import.meta.dirname, 'metrics.ts'))}
      import { systemClock } from '@cryptoflow/runtime'
      const metrics = openMetrics({ perSymbol: false, process: false })
      const log = openLog({ level: 'info', format: 'auto', rotateBytes: 1, keepDays: 1, keepFiles: 1,
        sampling: null, clock: systemClock(), isTerminal: false, metrics })
      for (let i = 0; i < ${count}; i++) log.info('line', { i })
      await log.close()
      process.stderr.write(String((await metrics.sums()).get('log_failures_total')))
      process.exit(0)`
    return spawn(process.execPath, ['--input-type=module', '-e', script], {
      cwd: import.meta.dirname,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  }

  test('the standard output has every line when the process ends after closing', async () => {
    const child = logging(8000)
    const [out, lost] = await Promise.all([readAll(child.stdout), readAll(child.stderr)])
    const told = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).i)
    expect(told).toEqual(Array.from({ length: 8000 }, (_, i) => i))
    expect(lost).toBe('0')
  })

  test('a reader of the standard output that has stopped stops nobody, and lines are counted as lost', async () => {
    const child = logging(30_000)
    const ended = once(child, 'exit')
    expect(Number(await readAll(child.stderr))).toBeGreaterThan(1000)
    expect((await ended)[0]).toBe(0)
  })
})

async function readAll(stream: Readable): Promise<string> {
  let text = ''
  for await (const chunk of stream.setEncoding('utf8')) text += chunk
  return text
}
