import type { Config } from './config.ts'
import { declaration } from './declaration.ts'
import { keyOf } from './key-path.ts'
import { nowhere, type Sources, sourceText } from './place.ts'
import { renderSection } from './render.ts'

/**
 * Every effective value with where it comes from, as YAML that loads to the same configuration. Values of secret
 * variables are `***`.
 */
export function printConfig(config: Config, sources: Sources): string {
  const lines = renderSection(declaration, config, [], '', {
    above: () => [],
    behind: (path) => sourceText(sources.get(keyOf(path)) ?? nowhere),
    isHidden: (path) => sources.get(keyOf(path))?.isSecret === true,
  })
  return `${lines.join('\n')}\n`
}
