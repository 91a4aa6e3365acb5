import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { hashes, inFolder, run, runJson, start, type Tables, withSimulator } from './support.ts'

/** A configuration that collects two markets of a simulated exchange into `folder`. */
function configuration(
  folder: string,
  urls: Readonly<Record<string, { wsUrl: string; restUrl: string }>>,
  more: string,
): string {
  const path = join(folder, 'cryptoflow.yaml')
  const collector = (market: string, symbols: string): string => `
  - exchange: binance
    market: ${market}
    symbols: [${symbols}]
    ws_url: ${urls[market]?.wsUrl}
    rest_url: ${urls[market]?.restUrl}`
  const collectors = collector('spot', 'BTCUSDT') + collector('linear', 'BTCUSDT, ETHUSDT')
  writeFileSync(
    path,
    `collectors:${collectors}
warehouse: { directory: ${join(folder, 'warehouse')} }
journal: { compression: zstd, segment_bytes: 1MiB }
seal: { every_ms: 500 }
commit: { every_ms: 300 }
${more}`,
  )
  return path
}

const markets = { spot: 'BTCUSDT', linear: 'BTCUSDT,ETHUSDT' }

describe('collecting by a configuration file', () => {
  it('stores all its markets, serves metrics and health, logs for machines, and replays to the same tables', async () => {
    await inFolder(async (folder) => {
      const log = join(folder, 'emissions.jsonl')
      await withSimulator({ log, markets }, async (urls) => {
        const more = `metrics: { enabled: true, port: 0 }\nlog: { format: json }`
        const path = configuration(folder, urls, more)
        const collector = start('collect', '--config', path)
        const hello = JSON.parse(await collector.firstLine) as { msg: string }
        const [address = ''] = /http:\/\/127[\d.:]+/.exec(hello.msg) ?? []
        let ready = false
        for (let i = 0; i < 100 && !ready; i++) ready = (await fetch(`${address}/ready`)).status === 200
        expect(ready).toBe(true)
        const metrics = await (await fetch(`${address}/metrics`)).text()
        expect(metrics).toMatch(/^collector_websocket_configured\{exchange="binance",market="linear"\} 3$/m)
        expect((await fetch(`${address}/live`)).status).toBe(200)
        const health = (await (await fetch(`${address}/health`)).json()) as { status: string }
        expect(['healthy', 'degraded']).toContain(health.status)
        await until(async () => {
          const text = await (await fetch(`${address}/metrics`)).text()
          return Number(/^reader_messages_total\{.*"linear"\} (\d+)$/m.exec(text)?.[1]) > 100
        })
        await until(async () => {
          const text = await (await fetch(`${address}/metrics`)).text()
          return [
            /^collector_messages_received_total\{.*stream="trade"\} [1-9]/m,
            /^collector_latency_exchange_to_collector_ms_count\{.*\} [1-9]/m,
            /^rows_total\{table="ticks"\} [1-9]/m,
            /^books_live\{.*market="linear"\} [1-9]/m,
            /^commits_total\{table="ticks",outcome="committed"\} [1-9]/m,
            /^journal_fsync_duration_seconds_count [1-9]/m,
            /^journal_disk_bytes [1-9]/m,
            /^log_lines_total\{level="info"\} [1-9]/m,
            /^cryptoflow_build_info\{.*\} 1$/m,
          ].every((line) => line.test(text))
        })
        const later = await (await fetch(`${address}/metrics`)).text()
        expect(later).toMatch(/^channel_occupancy_ratio\{channel="raw"\} [01]/m)
        expect(later).toMatch(/^channel_enqueue_delay_seconds_count\{channel="raw"\} [1-9]/m)
        const channels = await (await fetch(`${address}/health/components/channels`)).json()
        expect(channels).toMatchObject({ details: { channels: [{ name: 'raw', left: 0 }] } })
        const place = ['--warehouse', join(folder, 'warehouse'), '--health', address]
        expect(await runJson('status', ...place, '--json')).toMatchObject({ channels: [{ name: 'raw' }] })
        expect((await run('status', ...place)).stdout).toMatch(/^raw +\d+ % +\d/m)
        collector.process.kill('SIGTERM')
        const { code, stdout, stderr } = await collector.ended
        expect(code, stderr).toBe(0)
        const lines = stdout
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line) as { msg: string })
        expect(lines.map(({ msg }) => msg)).toContain('stopped: everything received is in the tables')
        expect(lines).toContainEqual(expect.objectContaining({ msg: 'started', node: process.versions.node }))
      })
      const warehouse = join(folder, 'warehouse')
      expect(await runJson('verify', '--json', '--warehouse', warehouse, '--emissions', log)).toMatchObject({
        ok: true,
      })
      const lived = await runJson<{ tables: Tables }>('tables', '--warehouse', warehouse, '--json')
      const input = ['--input', join(warehouse, 'raw'), '--warehouse', join(folder, 'again')]
      const replayed = await runJson<{ tables: Tables }>('replay', ...input, '--json')
      expect(hashes(replayed.tables)).toEqual(hashes(lived.tables))
    })
  })

  it('says which port is taken, and by which key another can be chosen', async () => {
    await inFolder(async (folder) => {
      const server = createServer().listen(0, '127.0.0.1')
      await new Promise((resolve) => server.once('listening', resolve))
      const { port } = server.address() as AddressInfo
      await withSimulator({ log: join(folder, 'log.jsonl'), markets }, async (urls) => {
        const more = `metrics: { enabled: true, port: ${port} }`
        const { code, stderr } = await start('collect', '--config', configuration(folder, urls, more)).ended
        expect(code).not.toBe(0)
        expect(stderr).toContain(String(port))
        expect(stderr).toContain('metrics.port')
      })
      server.close()
    })
  })

  it('names every mistake at once, by line and column, and what was probably meant', async () => {
    await inFolder(async (folder) => {
      const path = join(folder, 'bad.yaml')
      writeFileSync(
        path,
        `collectors:
  - exchange: binanse
    market: spot
    symbols: [BTCUSDT]
  - exchange: binance
    market: linear
    symbols: [BTCUSDT, BTCUSDT]
    streams: [tiks]
sael: { every_ms: 100 }
seal: { every_ms: fast }
journal: { retention: { days: -1 } }
parquet: { compression: gzip }
threads: 7
`,
      )
      const { code, stderr } = await start('collect', '--config', path).ended
      expect(code).toBe(2)
      for (const place of ['2:15', '7:24', '8:15', '9:1', '10:19', '11:31', '12:25', '13:10']) {
        expect(stderr).toContain(`${path}:${place}: `)
      }
      for (const meant of ['binance', 'ticks', 'seal']) expect(stderr).toContain(`did you mean "${meant}"?`)
    })
  })
})

/** Asks again until the answer is yes; each question is a request, so nothing spins. */
async function until(question: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 2_000; i++) if (await question()) return
  throw new Error('what was waited for did not come')
}
