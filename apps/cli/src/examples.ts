import type { Command } from 'commander'

/** What to type, by command: at the end of each one's help. A test takes them apart. */
export const examples: Readonly<Record<string, readonly string[]>> = {
  demo: ['cryptoflow demo --seconds 10'],
  init: ['cryptoflow init --symbols BTCUSDT,ETHUSDT --yes'],
  'config check': ['cryptoflow config check --config cryptoflow.yaml'],
  'config print': ['cryptoflow config print --config cryptoflow.yaml --set threads=0'],
  'config schema': ['cryptoflow config schema > schema.json'],
  'config explain': ['cryptoflow config explain journal.retention.days'],
  plan: ['cryptoflow plan --symbols BTCUSDT,ETHUSDT --streams ticks,spot_delta'],
  doctor: ['cryptoflow doctor --config cryptoflow.yaml --online'],
  collect: [
    'cryptoflow collect --config cryptoflow.yaml',
    'cryptoflow collect --symbols BTCUSDT --streams ticks --warehouse warehouse',
  ],
  committer: ['cryptoflow committer --warehouse warehouse --set metrics.enabled=true'],
  status: ['cryptoflow status --warehouse warehouse'],
  top: ['cryptoflow top --warehouse warehouse --every 5'],
  tables: ['cryptoflow tables --warehouse warehouse'],
  sample: ['cryptoflow sample ticks --symbol "BTC*" --from 2026-11-20 --limit 2'],
  gaps: ['cryptoflow gaps --symbol BTCUSDT --from 2026-11-20T00:00:00Z'],
  coverage: ['cryptoflow coverage --day 2026-11-20 --symbol "BTC*"'],
  query: [
    'cryptoflow query "select count(*) from ticks" --symbol "BTC*"',
    'cryptoflow query "from bbo" --as-of 2026-11-20T12:00:00Z \\\n    --format parquet --out bbo.parquet',
  ],
  'serve-catalog': ['cryptoflow serve-catalog --warehouse warehouse --port 8181'],
  'journal ls': ['cryptoflow journal ls warehouse'],
  'journal verify': ['cryptoflow journal verify warehouse'],
  'journal cat': ['cryptoflow journal cat --kinds frame --symbol BTCUSDT | jq -r .text'],
  'journal export': ['cryptoflow journal export hour.jsonl.zst --journal warehouse'],
  'journal import': ['cryptoflow journal import hour.jsonl.zst imported'],
  replay: [
    'cryptoflow replay --input warehouse/raw --warehouse again --verify',
    'cryptoflow replay --input hour.jsonl.zst --warehouse again --speed 10x',
  ],
  'warehouse check': ['cryptoflow warehouse check --warehouse warehouse'],
  'warehouse move': ['cryptoflow warehouse move warehouse /data/warehouse'],
  redrive: ['cryptoflow redrive --warehouse warehouse --reason malformed --dry-run'],
  repair: ['cryptoflow repair --warehouse warehouse --table ticks --reapply'],
  maintain: [
    'cryptoflow maintain --warehouse warehouse --dry-run',
    'cryptoflow maintain --config cryptoflow.yaml --compact --expire',
  ],
  clean: ['cryptoflow clean --warehouse warehouse'],
  simulate: ['cryptoflow simulate --log emissions.jsonl --market spot:BTCUSDT --port 9001'],
  verify: [
    'cryptoflow verify --day 2026-11-20 --warehouse warehouse',
    'cryptoflow verify --warehouse warehouse --emissions emissions.jsonl',
  ],
  version: ['cryptoflow version --json | jq .sha'],
  completion: ['source <(cryptoflow completion bash)'],
}

/** Adds its examples to the help of every command. */
export function addExamples(command: Command, path = ''): void {
  const own = examples[path] ?? []
  const head = own.length === 1 ? 'Example:' : 'Examples:'
  if (own.length > 0) command.addHelpText('after', ['', head, ...own.map((line) => `  ${line}`)].join('\n'))
  for (const sub of command.commands) addExamples(sub, `${path} ${sub.name()}`.trim())
}
