import { formatCsv, formatJson, formatTable } from './inspect/query.ts'

/** Forms of a result as text. */
export const formats = ['table', 'csv', 'json'] as const
export type ResultFormat = (typeof formats)[number]

/** A result in the form that was asked for; tables as wide as the terminal, 80 columns elsewhere. */
export function resultText(result: Parameters<typeof formatTable>[0], format: ResultFormat): string {
  switch (format) {
    case 'table':
      return formatTable(result, process.stdout.columns ?? 80)
    case 'csv':
      return formatCsv(result)
    case 'json':
      return formatJson(result)
  }
}
