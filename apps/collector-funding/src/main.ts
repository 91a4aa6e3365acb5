import { runCollector } from '@cryptoflow/console'

await runCollector('collector-funding', ['funding'])
