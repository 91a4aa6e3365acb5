import { startSimInWorker } from '@cryptoflow/exchange-sim'
import { systemClock } from '@cryptoflow/runtime'
import type { Command } from 'commander'
import { onStopSignal, wholeNumber } from './terminal.ts'

interface SimulateFlags {
  readonly symbols: string
  readonly log: string
  readonly port: number
  readonly seed: number
  readonly trades: number
  readonly levels: number
  readonly faultEvery: number
}

export function addSimulate(program: Command): void {
  program
    .command('simulate')
    .description('serve a simulated exchange on 127.0.0.1 until interrupted, and log everything it emits')
    .requiredOption('--log <file>', 'new file for the emission log')
    .option('--symbols <list>', 'symbols, separated by commas', 'BTCUSDT,ETHUSDT')
    .option('--port <port>', '0 takes any free port', wholeNumber('--port', 0), 0)
    .option('--seed <n>', 'seed of the market and of the faults', wholeNumber('--seed', 0), 1)
    .option('--trades <n>', 'trades per second and symbol, on average', wholeNumber('--trades', 0), 20)
    .option('--levels <n>', 'changed levels per book update, on average', wholeNumber('--levels', 1), 25)
    .option(
      '--fault-every <n>',
      'a fault every so many messages; 0: none',
      wholeNumber('--fault-every', 0),
      0,
    )
    .action(simulate)
}

async function simulate(flags: SimulateFlags): Promise<void> {
  const { faultEvery } = flags
  const faults = {
    everyMessages: faultEvery,
    kinds: ['gap', 'duplicate', 'disconnect', 'malformed'] as const,
    startAfterMessages: faultEvery,
  }
  const sim = await startSimInWorker({
    logPath: flags.log,
    settings: {
      seed: flags.seed,
      symbols: flags.symbols.split(',').map((symbol) => symbol.trim()),
      port: flags.port,
      tradesPerSecond: flags.trades,
      levelsPerDiff: flags.levels,
      ...(faultEvery === 0 ? {} : { faults: { ...faults, kinds: [...faults.kinds] } }),
    },
  })
  process.stdout.write(`${JSON.stringify({ wsUrl: `${sim.wsUrl}/stream`, restUrl: sim.restUrl })}\n`)
  await new Promise<void>((resolve) => onStopSignal(systemClock(), resolve))
  process.stdout.write(`${JSON.stringify(await sim.close())}\n`)
}
