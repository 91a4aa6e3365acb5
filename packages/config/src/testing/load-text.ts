import { type Flag, type LoadResult, loadConfig } from '../load.ts'
import { problemText } from '../place.ts'
import type { Variable } from '../variables.ts'
import { facts } from './facts.ts'

/** What surrounds the text of a file. */
export interface Around {
  readonly environment?: Readonly<Record<string, string>>
  readonly flags?: Readonly<Record<string, string>>
  readonly isCollecting?: boolean
}

/** A small file that is right. */
export const GOOD = 'exchange: binance\nstream: spot_delta\nsymbols: [BTCUSDT]\n'

/** Loads a text as `a.yaml`; null: no file. */
export function loadText(text: string | null, around: Around = {}): LoadResult {
  const environment = Object.entries(around.environment ?? {}).map(
    ([name, value]): Variable => ({ name, value, file: null, line: 0 }),
  )
  const flags = Object.entries(around.flags ?? {}).map(
    ([key, value]): Flag => ({ key, value, name: `--${key}` }),
  )
  const file = text === null ? null : { name: 'a.yaml', text }
  return loadConfig({ ...around, file, environment, flags, facts })
}

/** The problems as people see them. */
export function problemsOf(text: string | null, around?: Around): string[] {
  return loadText(text, around).problems.map(problemText)
}
