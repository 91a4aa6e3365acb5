import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type DurableStep, durableSteps } from '@cryptoflow/model'
import { type Chance, seededChance } from '@cryptoflow/runtime'
import { faultOf, startMember } from './fleet.ts'

/** How often processes died in each step with data in flight, and what was wrong in the end. */
export interface Deaths {
  readonly hits: ReadonlyMap<DurableStep, number>
  readonly fault: string | null
}

/**
 * One warehouse whose process dies by SIGKILL again and again, each time in the middle of the next durable step, and then
 * lives to the end. Throws when a process ends otherwise.
 */
export async function dieAgainAndAgain(folder: string, count: number, seed: number): Promise<Deaths> {
  const chance: Chance = seededChance(seed)
  const warehouse = join(folder, `warehouse-${seed}`)
  const report = join(folder, `report-${seed}.json`)
  const hits = new Map<DurableStep, number>()
  const member = { warehouse, journal: 'one', commits: true }
  for (let i = 0; i < count; i++) {
    const step = durableSteps[(seed + i) % durableSteps.length] as DurableStep
    const drill = { step, passage: 1 + chance.below(5), report }
    const { signal, stderr } = await startMember({ ...member, epochs: 50, drill }).ended
    if (signal !== 'SIGKILL') throw new Error(`not killed in ${step}: ${stderr}`)
    const { inFlight } = JSON.parse(readFileSync(report, 'utf8')) as { inFlight: number }
    if (inFlight > 0) hits.set(step, (hits.get(step) ?? 0) + 1)
  }
  const { code, stderr } = await startMember({ ...member, epochs: 2, drill: null }).ended
  if (code !== 0) throw new Error(stderr)
  return { hits, fault: await faultOf(warehouse) }
}
