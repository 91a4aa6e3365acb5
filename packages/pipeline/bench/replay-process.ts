// Replays a journal in a process of its own and prints the largest memory that it held, in MB.
//
//   node packages/pipeline/bench/replay-process.ts JOURNAL WAREHOUSE
import { existsSync, readFileSync } from 'node:fs'
import { replayJournal } from '../src/index.ts'
import { replayOptions } from './replay-options.ts'

const STATUS = '/proc/self/status'

const [journal = '', warehouse = ''] = process.argv.slice(2)
await replayJournal(journal, replayOptions(warehouse))
console.log(JSON.stringify({ peakMb: peakKb() / 1024 }))

/** By the kernel where it tells: what getrusage tells of a child begins with the memory of its parent. */
function peakKb(): number {
  const told = existsSync(STATUS) ? /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(STATUS, 'utf8')) : null
  return told === null ? process.resourceUsage().maxRSS : Number(told[1])
}
