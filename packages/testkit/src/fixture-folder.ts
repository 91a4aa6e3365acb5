import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { AnswerContext, ExchangeMarket } from '@cryptoflow/model'
import type { Fixture } from './cases.ts'
import { fixturesOf } from './fixtures.ts'

/**
 * The fixtures of one market in an adapter's folder `fixtures/`, in the order of their names.
 *
 * `<market>/x.jsonl` holds frames, `answers/<market>-x.jsonl` bodies of REST answers; beside each stands
 * `x.golden.jsonl`. The first line of an answer's file says which `stream` it is about and of which `symbol`, empty
 * for the whole market; where a book asked, also under which `resync`.
 */
export function fixturesIn(folder: string, { exchange, market }: ExchangeMarket): Fixture[] {
  const frames = fixtureNames(join(folder, market)).flatMap((name) =>
    fixturesOf({ ...textsOf(join(folder, market), name), answer: null }),
  )
  const answers = fixtureNames(join(folder, 'answers'))
    .filter((name) => name.startsWith(`${market}-`))
    .flatMap((name) => {
      const texts = textsOf(join(folder, 'answers'), name)
      const answer = { exchange, market, status: 200, ...aboutOf(name, texts.frames) }
      return fixturesOf({ ...texts, answer })
    })
  return [...frames, ...answers]
}

function fixtureNames(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => /^[^.]+\.jsonl$/.test(name))
    .sort()
}

function textsOf(folder: string, name: string): { name: string; frames: string; goldens: string } {
  const read = (file: string): string => readFileSync(join(folder, file), 'utf8')
  return { name, frames: read(name), goldens: read(name.replace('.jsonl', '.golden.jsonl')) }
}

function aboutOf(name: string, frames: string): Pick<AnswerContext, 'stream' | 'symbol' | 'resync'> {
  const about = JSON.parse(frames.split('\n', 1)[0] as string) as Record<string, unknown>
  const { stream, symbol, resync = 0 } = about
  const isWhole = typeof stream === 'string' && typeof symbol === 'string'
  if (isWhole && Number.isSafeInteger(resync)) return { stream, symbol, resync: resync as number }
  throw new Error(`the first line of ${name} does not say which stream and symbol it answers about`)
}
