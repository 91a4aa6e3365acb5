import { IcebergError } from './errors.ts'
import type { TableName } from './types.ts'

/** Names become folders, so nothing but these characters: no dot segments, separators, spaces. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,254}$/

/**
 * `<warehouse>/<namespace>/<table>`; the levels of a namespace are joined by dots. Throws IcebergError
 * `refused` for names that do not make a safe folder.
 */
export function tableLocation(warehouse: string, { namespace, name }: TableName): string {
  if (!NAME.test(name) || !namespace.split('.').every((level) => NAME.test(level))) {
    throw new IcebergError('refused', 'a table name has letters, digits, _ and - only', { namespace, name })
  }
  return `${warehouse.replace(/\/+$/, '')}/${namespace}/${name}`
}

/** `<table>/metadata/NNNNN-<uuid>.metadata.json`; the version has five digits or more. */
export function metadataLocation(tableLocation: string, version: number, uuid: string): string {
  return `${tableLocation}/metadata/${String(version).padStart(5, '0')}-${uuid}.metadata.json`
}

/** The version in a metadata file's name; -1 when its writer names files otherwise. */
export function metadataVersion(location: string): number {
  const match = /\/v?(\d{1,9})[^/]*\.metadata\.json$/.exec(location)
  return match === null ? -1 : Number(match[1])
}

/** `<table>/metadata/version-hint.text`, which readers without a catalog look for. */
export function versionHintLocation(tableLocation: string): string {
  return `${tableLocation}/metadata/version-hint.text`
}

/** What the hint says of a metadata file: its name without the ending, null for names of another form. */
export function versionHint(location: string): string | null {
  return /\/([^/]+)\.metadata\.json$/.exec(location)?.[1] ?? null
}

/** Whether a location, perhaps written by others, is a file directly in the table's metadata folder. */
export function isOwnMetadata(tableLocation: string, location: string): boolean {
  const folder = `${tableLocation}/metadata/`
  return (
    location.startsWith(folder) && /^[A-Za-z0-9._-]+\.metadata\.json$/.test(location.slice(folder.length))
  )
}
