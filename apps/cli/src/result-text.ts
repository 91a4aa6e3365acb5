import { formatCsv, formatJson, formatTable } from './inspect/query.ts'
import { asciiJson, usage } from './text.ts'

/** Forms of a result, for help texts. */
export const formatNames = 'table, csv or json'

/** A result in the form that was asked for; tables as wide as the terminal, 80 columns elsewhere. */
export function resultText(result: Parameters<typeof formatTable>[0], format: string): string {
  switch (format) {
    case 'table':
      return formatTable(result, process.stdout.columns ?? 80)
    case 'csv':
      return formatCsv(result)
    case 'json':
      return formatJson(result)
    case 'parquet':
      throw usage('reading the command line: --format parquet has no text, expected --out FILE with it')
    default:
      throw usage(`reading the command line: --format is ${asciiJson(format)}, expected ${formatNames}`)
  }
}
