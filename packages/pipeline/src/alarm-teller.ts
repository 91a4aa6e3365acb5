import type { Alarm } from '@cryptoflow/commit'
import type { Clock } from '@cryptoflow/runtime'
import type { CollectNotice } from './collect-options.ts'

/** What lasts is told again after this. */
const AGAIN_AFTER_US = 600_000_000

/** Turns alarms, as every round finds them, into notices: when one begins, grows worse, still lasts, and ends. */
export function openAlarmTeller(
  clock: Clock,
  notice: (notice: CollectNotice) => void,
): (alarms: readonly Alarm[] | null) => void {
  let standing = new Map<string, { readonly alarm: Alarm; readonly toldUs: number }>()
  return (alarms) => {
    if (alarms === null) return
    const nowUs = clock.nowUs()
    const found = new Map<string, { readonly alarm: Alarm; readonly toldUs: number }>()
    for (const alarm of alarms) {
      const before = standing.get(nameOf(alarm))
      const isNews =
        before === undefined || before.alarm.level !== alarm.level || nowUs - before.toldUs >= AGAIN_AFTER_US
      if (isNews) notice({ kind: 'alarm', alarm })
      found.set(nameOf(alarm), { alarm, toldUs: isNews ? nowUs : before.toldUs })
    }
    for (const [name, { alarm }] of standing) {
      if (!found.has(name)) notice({ kind: 'alarm-over', alarm })
    }
    standing = found
  }
}

function nameOf(alarm: Alarm): string {
  return alarm.kind === 'unattended' ? alarm.kind : `${alarm.kind} ${alarm.writer}`
}
