import { resolve } from 'node:path'
import { CryptoFlowError } from '@cryptoflow/runtime'

/**
 * Characters that readers of a table disagree about in a location: some decode `%`, some cut at `?` and `#`,
 * some expand `*`, `?` and `[`. A path that holds one is refused rather than read differently by each.
 */
const DISPUTED = /[%?#*[\]\\]/

/**
 * `file:///abs/path` of a path, spelled as it is: DuckDB (tried 1.5.6) and Hadoop's Path open the text after
 * `file://` without decoding it, so a blank stays a blank and is not written as `%20`.
 *
 * Throws CryptoFlowError (config) for a path that not every reader would open.
 */
export function fileLocation(path: string): string {
  const absolute = resolve(path)
  if (DISPUTED.test(absolute) || hasControl(absolute)) {
    throw new CryptoFlowError(
      `addressing ${JSON.stringify(absolute)}: table readers understand %, ?, #, *, [, ] and \\ in paths differently; choose a directory without them`,
      { kind: 'config', reaction: 'stop', context: { path: absolute } },
    )
  }
  return `file://${absolute}`
}

/**
 * The path of `file:///abs/path` or `file:/abs/path`. Percent escapes are decoded: no path of ours holds a `%`,
 * so where one stands, somebody wrote the location as a URL.
 *
 * Throws CryptoFlowError (usage) for any other location and for one that climbs (`..`).
 */
export function filePath(location: string): string {
  const path = /^file:(?:\/\/)?(\/[^/].*)$/s.exec(location)?.[1]
  const decoded = path === undefined || /[?#]|%2f/i.test(path) ? null : decodedPath(path)
  const isPlain = decoded !== null && !hasControl(decoded) && !decoded.split('/').includes('..')
  if (isPlain) return resolve(decoded)
  throw new CryptoFlowError(
    `reading the location ${JSON.stringify(location)}: expected file:///absolute/path without ..`,
    { kind: 'usage', reaction: 'reject', context: { location } },
  )
}

function decodedPath(path: string): string | null {
  try {
    return decodeURIComponent(path)
  } catch {
    return null
  }
}

function hasControl(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) < 0x20) return true
  return false
}
