import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type LoadedTardis, loadTardis } from '../../packages/pipeline/bench/tardis.ts'

const directory = join(import.meta.dirname, '../../tools/bench')
let found: LoadedTardis | string | null = null

/**
 * What we are measured against, installed by its lockfile on first use; a sentence where that fails.
 *
 * It is no dependency of ours: nothing but this benchmark ever runs it.
 */
export function tardisOrReason(): LoadedTardis | string {
  found ??= (areAllThere() ? loadTardis() : null) ?? installed()
  return found
}

/** An older installation may have fewer of them. */
function areAllThere(): boolean {
  const { dependencies } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>
  }
  return Object.keys(dependencies).every((name) => existsSync(join(directory, 'node_modules', name)))
}

function installed(): LoadedTardis | string {
  process.stderr.write('installing the yardsticks of tools/bench ...\n')
  const options = { cwd: directory, encoding: 'utf8', shell: process.platform === 'win32' } as const
  const { status, stderr, error } = spawnSync('npm', ['ci', '--loglevel=error'], options)
  if (status !== 0) {
    const said = error?.message ?? stderr.trim().split('\n')[0] ?? ''
    return `tools/bench could not be installed; is the npm registry reachable? (${said})`
  }
  return loadTardis() ?? 'tools/bench is installed, but tardis-dev cannot be loaded'
}
