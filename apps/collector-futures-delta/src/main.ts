import { runCollector } from '@cryptoflow/console'

await runCollector('collector-futures-delta', ['futures_delta'])
