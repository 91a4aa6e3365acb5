import { onStopSignal, wholeNumber } from '@cryptoflow/console'
import { faultKinds, startSimInWorker } from '@cryptoflow/exchange-sim'
import type { Market } from '@cryptoflow/model'
import { CryptoFlowError, systemClock } from '@cryptoflow/runtime'
import type { Command } from 'commander'

interface SimulateFlags {
  readonly market: readonly string[]
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
    .option(
      '--market <market:symbols...>',
      'spot, linear and inverse, each with its symbols: linear:BTCUSDT,ETHUSDT',
      ['spot:BTCUSDT,ETHUSDT'],
    )
    .option(
      '--port <port>',
      'of the first market, the others follow; 0 takes any free ports',
      wholeNumber('--port', 0),
      0,
    )
    .option('--seed <n>', 'seed of the markets and of the faults', wholeNumber('--seed', 0), 1)
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
  const { faultEvery, port } = flags
  const sim = await startSimInWorker({
    logPath: flags.log,
    settings: {
      seed: flags.seed,
      markets: flags.market.map((text, index) => ({
        ...marketOf(text),
        port: port === 0 ? 0 : port + index,
      })),
      tradesPerSecond: flags.trades,
      levelsPerDiff: flags.levels,
      ...(faultEvery === 0
        ? {}
        : { faults: { everyMessages: faultEvery, kinds: faultKinds, startAfterMessages: faultEvery } }),
    },
  })
  process.stdout.write(`${JSON.stringify({ urls: sim.urls })}\n`)
  await new Promise<void>((resolve) => onStopSignal(systemClock(), resolve))
  process.stdout.write(`${JSON.stringify(await sim.close())}\n`)
}

/** `linear:BTCUSDT,ETHUSDT`; which markets there are the simulator says. */
function marketOf(text: string): { market: Market; symbols: string[] } {
  const [market = '', list = '', ...more] = text.split(':')
  const symbols = list
    .split(',')
    .map((symbol) => symbol.trim())
    .filter((symbol) => symbol !== '')
  if (symbols.length > 0 && more.length === 0) return { market: market as Market, symbols }
  throw new CryptoFlowError(
    `reading the command line: --market is "${text}", expected market:SYMBOL,SYMBOL`,
    { kind: 'usage', reaction: 'stop' },
  )
}
