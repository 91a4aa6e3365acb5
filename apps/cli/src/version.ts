import { columns } from '@cryptoflow/console'
import { build } from '@cryptoflow/pipeline'
import type { Command } from 'commander'
import { asciiJson } from './text.ts'

/** The command `version`. */
export function addVersion(program: Command): void {
  program
    .command('version')
    .description('what runs: product, commit, build, Node, and the number of every format')
    .option('--json', 'one JSON object on stdout')
    .action(({ json }: { json?: boolean }) => {
      process.stdout.write(`${json ? asciiJson(build) : versionText()}\n`)
    })
}

function versionText(): string {
  const { version, sha, builtAt, node, formats } = build
  return columns([
    ['cryptoflow', version],
    ['commit', sha ?? 'unknown'],
    ['built', builtAt ?? 'not: it runs from its sources'],
    ['node', node],
    ...Object.entries(formats).map(([name, format]) => [name, String(format)]),
  ])
}
