// A collector beside a simulated exchange for a long time: does its memory grow, and is everything there at the end?
//
//   npm run soak                        30 minutes, trades, deltas and quotes of 100 symbols
//   npm run soak -- --minutes 5 --symbols 10 --json
//   npm run soak -- --restarts 3        killed and started again three times; each life is measured by itself
//
// A third of each life is warm-up. Status 1 when memory grows by 1 MB a minute or more after it, when more than 256 MB are
// needed at its end, or when the tables are not what the exchange emitted.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { medianOf, memoryOf, type Sample } from '../test/soak-memory.ts'
import { liveMb } from './soak/live-memory.ts'
import { type Running, residentMb, start } from './soak/processes.ts'

const SLOPE_MAX = 1
/** Megabytes that may be needed when the garbage is collected. */
const LIVE_MAX = 256
/** Looked at behind the samples, since collecting garbage changes what is resident; in a long life over a seal and more. */
const LIVE_LOOKS = 20
const LIVE_EVERY_MS_MAX = 2_000
const LIVE_SHARE = 1 / 30
const SAMPLES_PER_LIFE = 120
/** Of a life; what a compiler, buffers and books need at first is no leak. */
const WARM_UP_SHARE = 1 / 3

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    symbols: { type: 'string', default: '100' },
    streams: { type: 'string', default: 'ticks,spot_delta,bbo' },
    trades: { type: 'string', default: '2' },
    restarts: { type: 'string', default: '0' },
    json: { type: 'boolean', default: false },
  },
})
const minutes = positive('--minutes', values.minutes)
const symbols = Array.from({ length: positive('--symbols', values.symbols) }, (_, i) => `S${100 + i}USDT`)
const lives = Number(values.restarts) + 1
const folder = mkdtempSync(join(tmpdir(), 'cryptoflow-soak-'))
const running = new Set<Running>()
process.on('SIGINT', () => stopAll('SIGTERM'))
process.on('SIGTERM', () => stopAll('SIGTERM'))
try {
  const report = await soak()
  console.log(values.json ? JSON.stringify(report) : textOf(report))
  process.exitCode = report.ok ? 0 : 1
} finally {
  stopAll('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
}

async function soak() {
  const emissions = join(folder, 'emissions.jsonl')
  const warehouse = join(folder, 'warehouse')
  const books = ['--market', `spot:${symbols}`, '--trades', values.trades, '--levels', '5']
  const sim = begin(['simulate', '--log', emissions, ...books])
  const { urls } = JSON.parse(await sim.firstLine) as { urls: { spot: { wsUrl: string; restUrl: string } } }
  const flags = ['--warehouse', warehouse, '--ws-url', urls.spot.wsUrl, '--rest-url', urls.spot.restUrl]
  const settings = ['metrics.enabled=true', 'metrics.port=0', 'log.format=json', 'journal.compression=zstd']
  const told = [
    '--symbols',
    symbols.join(','),
    '--streams',
    values.streams,
    ...flags,
    ...settings.flatMap((setting) => ['--set', setting]),
  ]
  const memory: ReturnType<typeof memoryOf>[] = []
  const totals: Record<string, number>[] = []
  const liveMbs: number[] = []
  for (let life = 1; life <= lives; life++) {
    const collector = begin(['collect', ...told], { inspected: true })
    const lived = await live(collector, minutes / lives)
    memory.push(memoryOf(lived.samples, (minutes / lives) * WARM_UP_SHARE))
    totals.push(lived.totals)
    liveMbs.push(...lived.liveMbs)
    collector.kill(life < lives ? 'SIGKILL' : 'SIGTERM')
    const { code, stderr } = await collector.ended
    if (life === lives && code !== 0) throw new Error(`the collector ended with ${code}: ${stderr}`)
  }
  sim.kill('SIGTERM')
  await sim.ended
  const places = ['--warehouse', warehouse, '--emissions', emissions]
  const { stdout } = await begin(['verify', '--json', ...places, ...(lives > 1 ? ['--restarted'] : [])]).ended
  const { ok, emitted, stored, in_gaps, lost, doubled } = JSON.parse(stdout) as Verdict
  const slope = Math.max(...memory.map(({ slopeMbPerMinute }) => slopeMbPerMinute))
  const sum = (name: string): number => totals.reduce((all, one) => all + (one[name] ?? 0), 0)
  return {
    ok: ok && slope < SLOPE_MAX && Math.max(...liveMbs) <= LIVE_MAX,
    minutes,
    symbols: symbols.length,
    streams: values.streams,
    restarts: lives - 1,
    slopeMbPerMinute: slope,
    lives: memory,
    liveMb: { median: medianOf(liveMbs), peak: Math.max(...liveMbs) },
    frames: sum('reader_messages_total'),
    leftToTheDisk: sum('channel_left_total'),
    verified: { ok, emitted, stored, in_gaps, lost, doubled },
  }
}

interface Verdict {
  readonly ok: boolean
  readonly emitted: number
  readonly stored: number
  readonly in_gaps: number
  readonly lost: number
  readonly doubled: number
}

/** Measures a collector for its time, and asks it for its totals at the end of it. */
async function live(collector: Running, span: number) {
  const hello = JSON.parse(await collector.firstLine) as { msg: string }
  const [address = ''] = /http:\/\/127[\d.:]+/.exec(hello.msg) ?? []
  const beganMs = performance.now()
  const samples: Sample[] = []
  for (let taken = 0; taken < SAMPLES_PER_LIFE; taken++) {
    await sleep((span * 60_000) / SAMPLES_PER_LIFE)
    const megabytes = residentMb(collector.pid)
    if (megabytes === null)
      throw new Error(`the collector ended by itself: ${(await collector.ended).stderr}`)
    samples.push({ minutes: (performance.now() - beganMs) / 60_000, megabytes })
    if (process.stderr.isTTY)
      process.stderr.write(`\r${taken + 1}/${SAMPLES_PER_LIFE}  ${megabytes.toFixed(0)} MB `)
  }
  const { totals } = (await (await fetch(`${address}/stats`)).json()) as { totals: Record<string, number> }
  const liveMbs: number[] = []
  for (let look = 0; look < LIVE_LOOKS; look++) {
    await sleep(Math.min(LIVE_EVERY_MS_MAX, (span * 60_000 * LIVE_SHARE) / LIVE_LOOKS))
    liveMbs.push(await liveMb(await collector.inspector))
  }
  return { samples, totals, liveMbs }
}

function textOf(report: Awaited<ReturnType<typeof soak>>): string {
  const { verified } = report
  return [
    `${report.minutes} minutes, ${report.symbols} symbols, ${report.frames.toLocaleString('en-US')} frames, ${report.restarts} restarts`,
    ...report.lives.map(
      ({ slopeMbPerMinute, medianMb, peakMb }) =>
        `RSS ${signed(slopeMbPerMinute)} MB/min after warm-up (less than ${SLOPE_MAX}), median ${medianMb.toFixed(0)} MB, peak ${peakMb.toFixed(0)} MB`,
    ),
    `needed at the end: median ${report.liveMb.median.toFixed(0)} MB, peak ${report.liveMb.peak.toFixed(0)} MB (at most ${LIVE_MAX})`,
    `${report.leftToTheDisk.toLocaleString('en-US')} records read from the disk because the lane was behind`,
    `${verified.emitted.toLocaleString('en-US')} emitted: ${verified.stored.toLocaleString('en-US')} stored, ${verified.in_gaps} in gaps, ${verified.lost} lost, ${verified.doubled} doubled`,
    report.ok ? 'ok' : 'NOT OK',
  ].join('\n')
}

function signed(value: number): string {
  return `${value < 0 ? '' : '+'}${value.toFixed(2)}`
}

function begin(args: readonly string[], options = {}): Running {
  const one = start(args, options)
  running.add(one)
  one.ended.finally(() => running.delete(one)).catch(() => {})
  return one
}

function stopAll(signal: NodeJS.Signals): void {
  for (const one of running) one.kill(signal)
}

function positive(name: string, text: string): number {
  const value = Number(text)
  if (value > 0) return value
  throw new Error(`${name} is "${text}", expected a number above 0`)
}
