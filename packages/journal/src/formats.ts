import { CONTROL_FORMAT_MAX } from './control-lines.ts'
import { JOURNAL_FORMAT } from './identity.ts'
import { SegmentFormat } from './segment.ts'

/** The newest format of each kind of file that a journal is written in; newer ones are refused. */
export const journalFormats = {
  journal: JOURNAL_FORMAT,
  segment: Math.max(...Object.values(SegmentFormat)),
  control_log: CONTROL_FORMAT_MAX,
} as const
