import { runReplayer } from '@cryptoflow/console/replay'

await runReplayer('replayer')
