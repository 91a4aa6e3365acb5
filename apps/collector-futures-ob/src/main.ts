import { runCollector } from '@cryptoflow/console'

await runCollector('collector-futures-ob', ['futures_ob'])
