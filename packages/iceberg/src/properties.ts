/** A table property that is a whole number from 1; anything else counts as the default. */
export function numberProperty(
  properties: Readonly<Record<string, string>>,
  key:
    | 'commit.manifest.min-count-to-merge'
    | 'commit.manifest.target-size-bytes'
    | 'history.expire.max-ref-age-ms'
    | 'history.expire.max-snapshot-age-ms'
    | 'history.expire.min-snapshots-to-keep'
    | 'write.metadata.metrics.max-inferred-column-defaults'
    | 'write.metadata.previous-versions-max',
  fallback: number,
): number {
  const text = properties[key]
  return text !== undefined && /^[1-9]\d{0,14}$/.test(text) ? Number(text) : fallback
}
