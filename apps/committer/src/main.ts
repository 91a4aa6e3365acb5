import { runCommitter } from '@cryptoflow/console'

await runCommitter()
