import { columns, grouped } from '@cryptoflow/console'
import type { VerifyReport } from './inspect/verify.ts'
import { asciiJson } from './text.ts'

/** Of each kind of mistake. */
const EXAMPLES_MAX = 5

/** What became of everything that was emitted, a line each, at most 80 columns wide. */
export function arithmeticText(report: VerifyReport): string {
  return columns([
    ['emitted by the exchanges', grouped(report.emitted), 'messages'],
    ['stored', grouped(report.stored), 'exactly once, digit by digit'],
    ['in recorded gaps', grouped(report.in_gaps), 'withheld or cut off, known'],
    ['dead letters', grouped(report.dead_letters), 'damaged on the wire, kept'],
    ['not to be noticed', grouped(report.undetectable), 'withheld quotes: their numbers skip anyway'],
    ['cut off at the stop', grouped(report.unanswered), 'REST answers on their way'],
    ['lost', grouped(report.lost), ''],
    ['doubled', grouped(report.doubled), `of ${grouped(report.wire_duplicates)} sent twice`],
    [
      'gaps',
      grouped(report.gaps_recorded),
      `of ${grouped(report.gaps_injected)} injected, each in a recorded one`,
    ],
    ['book images checked', grouped(report.images_checked), `${grouped(report.images_wrong)} wrong`],
    ['derived changes checked', grouped(report.changes_checked), `${grouped(report.changes_wrong)} wrong`],
    [
      'bars checked',
      grouped(report.bars_checked),
      `${grouped(report.bars_complete)} complete, ${grouped(report.bars_wrong)} wrong`,
    ],
    ['minutes checked', grouped(report.coverage_minutes), `${grouped(report.coverage_wrong)} wrong`],
  ])
}

/** The same with its verdict; of a run that fails, examples of each kind of mistake as JSON. */
export function verifyText(report: VerifyReport): string {
  if (report.ok) return `${arithmeticText(report)}\n\nnothing lost, nothing doubled`
  const mistakes = { ...report.examples, gaps: report.gap_mismatches }
  const examples = Object.entries(mistakes).flatMap(([kind, found]) =>
    found.slice(0, EXAMPLES_MAX).map((example) => `${kind}: ${asciiJson(example)}`),
  )
  return [arithmeticText(report), '', ...examples, `NOT VERIFIED${why(report)}`].join('\n')
}

/** What the lines above do not say. */
function why({ stored, foreign, images_missing, names_wrong, bars_missing }: VerifyReport): string {
  const reasons = [
    stored === 0 ? 'nothing was stored' : '',
    foreign > 0 ? `${grouped(foreign)} rows that no message explains` : '',
    images_missing > 0 ? `${grouped(images_missing)} images missing` : '',
    bars_missing > 0 ? `${grouped(bars_missing)} windows without a bar` : '',
    names_wrong > 0 ? `${grouped(names_wrong)} frames without the instrument's name` : '',
  ].filter((reason) => reason !== '')
  return reasons.length === 0 ? '' : `: ${reasons.join(', ')}`
}
