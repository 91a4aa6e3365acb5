import { checkNode } from './check.ts'
import { checkCollectors, type UndecidedConfig } from './check-collectors.ts'
import { checkTogether } from './check-together.ts'
import type { Config } from './config.ts'
import { declaration } from './declaration.ts'
import { settingsOf } from './environment.ts'
import type { MarketFacts } from './facts.ts'
import { createFindings, type Findings } from './findings.ts'
import { type KeyPath, keyOf, pathOf } from './key-path.ts'
import { gatherSingle, override } from './override.ts'
import { nowhere, type Problem, type Source, type Sources } from './place.ts'
import { emptyMap } from './raw.ts'
import { isSecretName } from './shown.ts'
import type { Variable } from './variables.ts'
import { readYaml, type YamlFile } from './yaml.ts'

/** Shorter texts are words that a log needs, and no secrets worth the name. */
const SECRET_CHARS_MIN = 6

/** A value from the command line. */
export interface Flag {
  /** What it sets: `seal.every_ms`, `collectors[0].symbols`, `symbols`. */
  readonly key: string
  /** As it was typed; lists with commas. */
  readonly value: string
  /** What was typed before it, for messages: `--seal-ms`. */
  readonly name: string
}

export interface LoadInput {
  /** Null: everything comes from flags, the environment and defaults. */
  readonly file: YamlFile | null
  /** The environment over the `.env` file; of equal names the first holds. */
  readonly environment: readonly Variable[]
  readonly flags: readonly Flag[]
  readonly facts: MarketFacts
  /** Whether there must be something to collect; default: yes. */
  readonly isCollecting?: boolean
  /** What went wrong while the above was read. */
  readonly problems?: readonly Problem[]
}

export interface LoadResult {
  /** Null where there are problems. */
  readonly config: Config | null
  /** Everything wrong, in reading order; at most a hundred and a word about the rest. */
  readonly problems: readonly Problem[]
  /** What to know: keys that nothing uses yet, trades stored twice. */
  readonly warnings: readonly Problem[]
  readonly sources: Sources
  /** Values of variables whose name says that they are secret: what a log must leave out wherever it stands. */
  readonly secrets: readonly string[]
}

/**
 * One checked, frozen value: flags over `CRYPTOFLOW_*` variables over the file (its `${VARIABLES}` put in) over
 * defaults. All problems at once. Pure, and never throws for what people wrote.
 */
export function loadConfig(input: LoadInput): LoadResult {
  let isSingle = false
  const findings = createFindings((path) => named(path, isSingle))
  for (const problem of input.problems ?? []) findings.add(problem, 'file')
  const environment = firstOfEach(input.environment)
  const root =
    input.file === null
      ? emptyMap(nowhere)
      : readYaml(input.file, environment, (problem) => findings.add(problem, 'file'))
  isSingle = gatherSingle(root, findings)
  for (const { path, text, source } of settingsOf(environment.values()))
    override(root, path, text, source, findings)
  for (const flag of input.flags) putFlag(flag)
  const undecided = checkNode(declaration, root, [], findings) as UndecidedConfig
  tellNoCollectors(undecided, input, findings)
  const collectors = checkCollectors(undecided.collectors, input.facts, findings)
  checkTogether(undecided, input.facts, findings)
  const { problems, warnings, sources } = findings
  const config = problems.length === 0 ? Object.freeze({ ...undecided, collectors }) : null
  return { config, problems, warnings, sources, secrets: secretsOf(environment.values()) }

  function putFlag({ key, value, name }: Flag): void {
    const source: Source = { ...nowhere, origin: 'flag', file: name, isSecret: isSecretName(key) }
    const path = pathOf(key)
    if (path === null)
      findings.problem([key], source, 'expected a key like journal.retention.days, got something else')
    else override(root, path, value, source, findings)
  }
}

/** In the single form keys are told as they stand in the file. */
function named(path: KeyPath, isSingle: boolean): string {
  return keyOf(isSingle && path[0] === 'collectors' && path.length > 2 ? path.slice(2) : path)
}

function firstOfEach(environment: readonly Variable[]): ReadonlyMap<string, Variable> {
  const first = new Map<string, Variable>()
  for (const variable of environment) if (!first.has(variable.name)) first.set(variable.name, variable)
  return first
}

function secretsOf(variables: Iterable<Variable>): readonly string[] {
  const secret = [...variables].filter(
    ({ name, value }) => isSecretName(name) && value.length >= SECRET_CHARS_MIN,
  )
  return Object.freeze(secret.map(({ value }) => value))
}

function tellNoCollectors(
  { collectors }: UndecidedConfig,
  { file, isCollecting = true }: LoadInput,
  findings: Findings,
): void {
  if (!isCollecting) return
  if (collectors.length > 0 || findings.isBroken(['collectors'])) return
  const source =
    file === null ? { ...nowhere, file: 'flags' } : { ...nowhere, file: file.name, line: 1, column: 1 }
  findings.problem(['collectors'], source, 'expected at least one collector, got none')
}
