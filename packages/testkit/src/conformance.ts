import type { ExchangeMarket } from '@cryptoflow/model'
import { describe, expect, inject, it } from 'vitest'
import type { ConformanceCases } from './cases.ts'
import { checkChecksums } from './check-checksums.ts'
import { checkGolden } from './check-golden.ts'
import { checkIds } from './check-ids.ts'
import { checkMutations } from './check-mutations.ts'
import { checkNames } from './check-names.ts'
import { checkNumbers } from './check-numbers.ts'
import { checkPurity } from './check-purity.ts'
import { checkResets } from './check-resets.ts'
import { checkSequences } from './check-sequences.ts'
import { checkSession } from './check-session.ts'
import { checkStreams } from './check-streams.ts'
import { checkTimes } from './check-times.ts'
import type { Finding } from './finding.ts'

/** Looks at a market and tells what it does other than the contract says; no finding, no objection. */
export type Check = (market: ExchangeMarket, cases: ConformanceCases) => readonly Finding[]

/** Every check by the promise that it looks after. */
export const checks: Readonly<Record<string, Check>> = {
  'reads every fixture as agreed': checkGolden,
  'lists streams, tables and collectors that fit together': checkStreams,
  'has a session whose numbers have sources and whose names and frames are sound': checkSession,
  'answers next, stale or gap on both sides of every border': checkSequences,
  'notices sequences that begin anew': checkResets,
  'computes the checksums of the documents, of the levels that they cover': checkChecksums,
  'survives damaged messages, and reads respelled ones alike': checkMutations,
  'stores exactly the number that was sent, or none': checkNumbers,
  'stores exactly the time that was sent, cut to microseconds': checkTimes,
  'keeps ids that are texts byte for byte, or refuses them': checkIds,
  'reads hostile names byte for byte, or refuses them': checkNames,
  'remembers nothing between two messages': checkPurity,
}

/** A check reads tens of thousands of messages, on a machine that has other work. */
const CHECK_MS_MAX = 240_000

declare module 'vitest' {
  interface ProvidedContext {
    /** A suite that has time: every mutation and number is tried. */
    isThorough: boolean
  }
}

/** Of mutations and seeded numbers where nobody has time for all of them. */
const SAMPLE = 0.1

/** Defines the suite that every market of every exchange must pass. */
export function conformance(market: ExchangeMarket, cases: ConformanceCases): void {
  const share = inject('isThorough') ? 1 : SAMPLE
  describe(`${market.exchange} ${market.market} keeps the contract: it`, () => {
    it.each(Object.entries(checks))(
      '%s',
      (_promise, check) => {
        expect(check(market, { ...cases, share })).toEqual([])
      },
      CHECK_MS_MAX,
    )
  })
}
