import { onStopSignal, wholeNumber } from '@cryptoflow/console'
import { openCatalogServer, warehouseAt } from '@cryptoflow/pipeline'
import { escapeControls } from '@cryptoflow/reader'
import { systemClock } from '@cryptoflow/runtime'
import type { Command } from 'commander'
import { warehouseOption } from './defaults.ts'
import { usage } from './text.ts'

const PORT_MAX = 65_535

interface ServeFlags {
  readonly warehouse: string
  readonly port: number
}

export function addServeCatalog(program: Command): void {
  program
    .command('serve-catalog')
    .description('serve the tables of a warehouse on 127.0.0.1 until interrupted: Iceberg REST, read-only')
    .addOption(warehouseOption())
    .option('--port <port>', '0 takes any free port', port, 0)
    .action(serve)
}

function port(text: string): number {
  const value = wholeNumber('--port', 0)(text)
  if (value <= PORT_MAX) return value
  throw usage(`reading the command line: --port is "${text}", expected at most ${PORT_MAX}`, { port: value })
}

async function serve(flags: ServeFlags): Promise<void> {
  const clock = systemClock()
  const server = await openCatalogServer({
    warehouse: warehouseAt(flags.warehouse),
    clock,
    port: flags.port,
    onError: (message) => process.stderr.write(`${escapeControls(message)}\n`),
  })
  process.stdout.write(`${JSON.stringify({ url: server.url })}\n`)
  await new Promise<void>((resolve) => onStopSignal(clock, resolve))
  await server.close()
}
