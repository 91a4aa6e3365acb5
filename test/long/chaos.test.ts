import { seededChance, systemClock } from '@cryptoflow/runtime'
import { expect, it } from 'vitest'
import { faultOf, type Member, startMember } from '../fleet/fleet.ts'
import type { MemberOptions } from '../fleet/words.ts'
import { inFolder } from '../support.ts'

const MINUTE_US = 60_000_000
const COLLECTORS = 8
const COMMITTERS = 2
/** Epochs of anybody between two acts; where a paused process holds all others up, an act comes after a second. */
const EPOCHS_BETWEEN = 10
const HELD_UP_MS = 1_000

it('two committers and eight collectors on one warehouse, killed and paused for a minute, store everything once', async () => {
  await inFolder(async (warehouse) => {
    const clock = systemClock()
    const chance = seededChance(5)
    const collectors = Array.from({ length: COLLECTORS }, (_, i) => `collector-${i}`)
    const roles: MemberOptions[] = [
      // Two of them commit as well: a collector may do both.
      ...collectors.map((journal, i) => ({ warehouse, journal, commits: i < 2, epochs: null, drill: null })),
      ...Array.from({ length: COMMITTERS }, () => {
        return { warehouse, journal: null, commits: true, epochs: null, drill: null }
      }),
    ]
    let epochs = 0
    let heard = (): void => {}
    const start = (role: MemberOptions): Member => {
      const member = startMember(role)
      member.process.stdout?.on('data', (dots) => {
        epochs += String(dots).length
        heard()
      })
      return member
    }
    const members = roles.map(start)
    const acts = { kill: 0, pause: 0 }
    const paused = new Set<number>()
    const endUs = clock.nowUs() + MINUTE_US
    try {
      while (clock.nowUs() < endUs) {
        await progress()
        const at = chance.below(members.length)
        for (const other of paused) members[other]?.process.kill('SIGCONT')
        paused.clear()
        if (chance.below(3) === 0) {
          members[at]?.process.kill('SIGSTOP')
          paused.add(at)
          acts.pause += 1
        } else {
          members[at]?.process.kill('SIGKILL')
          // A failure of its own would have ended it otherwise.
          expect(await members[at]?.ended).toMatchObject({ signal: 'SIGKILL' })
          members[at] = start(roles[at] as MemberOptions)
          acts.kill += 1
        }
      }
    } finally {
      for (const member of members) member.process.kill('SIGKILL')
    }
    const ends = await Promise.all(members.map((member) => member.ended))
    expect(ends.map(({ signal, stderr }) => signal ?? stderr)).toEqual(members.map(() => 'SIGKILL'))
    const last = start({ warehouse, journal: null, commits: true, epochs: null, drill: null })
    const settled = roles.flatMap((role) => (role.journal === null ? [] : [start({ ...role, epochs: 2 })]))
    for (const { ended } of settled) expect(await ended).toMatchObject({ code: 0 })
    last.process.kill('SIGKILL')
    await last.ended
    expect(await faultOf(warehouse)).toBeNull()
    expect(acts.kill).toBeGreaterThan(30)
    expect(acts.pause).toBeGreaterThan(10)
    expect(epochs).toBeGreaterThan(200)

    /** Until some more epochs are sealed, or nobody gets on. */
    function progress(): Promise<void> {
      const wanted = epochs + EPOCHS_BETWEEN
      return new Promise((resolve) => {
        const cancel = clock.after(HELD_UP_MS, resolve)
        heard = () => {
          if (epochs < wanted) return
          cancel()
          resolve()
        }
      })
    }
  })
})
