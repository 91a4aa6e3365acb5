import { runCollector } from '@cryptoflow/console'

await runCollector('collector-spot-delta', ['spot_delta'])
