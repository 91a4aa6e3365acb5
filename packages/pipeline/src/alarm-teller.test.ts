import type { Alarm } from '@cryptoflow/commit'
import { manualClock } from '@cryptoflow/runtime'
import { expect, it } from 'vitest'
import { openAlarmTeller } from './alarm-teller.ts'

const late = (writer: string, level: 'warn' | 'error' = 'warn'): Alarm => {
  const wait = { epoch: 1, tables: ['ticks'] as const, ageMs: 1, epochs: 1 }
  return { kind: 'late', level, writer, name: 'label', ...wait }
}

it('tells an alarm when it begins, grows worse, has lasted for ten minutes, and ends', () => {
  const clock = manualClock()
  const told: string[] = []
  const tell = openAlarmTeller(clock, (notice) => {
    if (notice.kind !== 'alarm' && notice.kind !== 'alarm-over') return
    const { alarm } = notice
    told.push(`${notice.kind} ${alarm.kind === 'unattended' ? '-' : alarm.writer} ${alarm.level}`)
  })
  const after = (ms: number, alarms: readonly Alarm[] | null): string[] => {
    clock.advance(ms)
    tell(alarms)
    return told.splice(0)
  }
  expect(after(0, [])).toEqual([])
  expect(after(0, [late('a')])).toEqual(['alarm a warn'])
  expect(after(1_000, [late('a'), late('b')])).toEqual(['alarm b warn'])
  expect(after(1_000, [late('a', 'error'), late('b')])).toEqual(['alarm a error'])
  // A ledger that does not answer says neither that it lasts nor that it is over.
  expect(after(1_000, null)).toEqual([])
  expect(after(597_999, [late('a', 'error'), late('b')])).toEqual([])
  expect(after(1, [late('a', 'error'), late('b')])).toEqual(['alarm b warn'])
  expect(after(1_000, [late('b')])).toEqual(['alarm-over a error'])
})
