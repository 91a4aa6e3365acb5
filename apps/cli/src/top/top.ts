import { wholeNumber } from '@cryptoflow/console'
import { isJournal } from '@cryptoflow/journal'
import { journalHomes, type Warehouse, warehouseAt } from '@cryptoflow/pipeline'
import { type Clock, sleep, systemClock } from '@cryptoflow/runtime'
import type { Command } from 'commander'
import { warehouseOption } from '../defaults.ts'
import { readStatus } from '../status.ts'
import { asciiJson } from '../text.ts'
import { followJournal } from './pulse.ts'
import { openScreen } from './screen.ts'
import { type Look, topText } from './text.ts'

interface TopFlags {
  readonly warehouse: string
  readonly every: number
  readonly json?: boolean
}

/** The command `top`. */
export function addTop(program: Command): void {
  program
    .command('top')
    .description('watch a collector: rates and lag by stream, commits, holes, when the disk is full')
    .addOption(warehouseOption())
    .option('--every <seconds>', 'time between two looks', wholeNumber('--every', 1), 2)
    .option('--json', 'one look as a JSON object on stdout')
    .addHelpText('after', '\nEnds with q or Ctrl-C. Where stdout is no terminal it looks twice, prints once.')
    .action(top)
}

async function top(flags: TopFlags): Promise<void> {
  const clock = systemClock()
  const look = openLooks(warehouseAt(flags.warehouse), clock)
  const everyMs = flags.every * 1000
  const begun = await look()
  if (flags.json !== true && process.stdout.isTTY && process.stdin.isTTY) {
    await watch(look, begun, everyMs, clock)
    return
  }
  await sleep(clock, everyMs)
  const found = await look()
  const { nowUs, status, pulse } = found
  process.stdout.write(
    `${flags.json === true ? asciiJson({ nowUs, ...status, ...pulse }) : topText(found, Number.POSITIVE_INFINITY)}\n`,
  )
}

/** Draws until somebody has seen enough. */
async function watch(look: () => Promise<Look>, begun: Look, everyMs: number, clock: Clock): Promise<void> {
  const screen = openScreen(process.stdout, process.stdin, process)
  const over = screen.ended.then(() => null)
  try {
    for (let found: Look | null = begun; found !== null; ) {
      screen.draw(`${topText(found, screen.rows - 2)}\n\nq ends`)
      found = await Promise.race([sleep(clock, everyMs).then(look), over])
    }
  } finally {
    screen.close()
  }
}

/** Looks at a warehouse again and again, each time for what came since. */
function openLooks(warehouse: Warehouse, clock: Clock): () => Promise<Look> {
  // Of several collectors the streams of the first are shown.
  const home = journalHomes(warehouse).find(isJournal)
  const pulses = home === undefined ? null : followJournal(home)
  let first: Look['first'] | null = null
  return async () => {
    const pulse = (await pulses?.look()) ?? { streams: [], skipped: 0 }
    const status = await readStatus(warehouse)
    const nowUs = clock.nowUs()
    first ??= { nowUs, status }
    return { nowUs, status, pulse, first }
  }
}
