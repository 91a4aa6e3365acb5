import { runCollector } from '@cryptoflow/console'

await runCollector('collector-liquidations', ['liquidations'])
