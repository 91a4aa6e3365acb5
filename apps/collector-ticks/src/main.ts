import { runCollector } from '@cryptoflow/console'

await runCollector('collector-ticks', ['ticks'])
