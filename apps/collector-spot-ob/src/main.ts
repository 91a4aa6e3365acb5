import { runCollector } from '@cryptoflow/console'

await runCollector('collector-spot-ob', ['spot_ob'])
