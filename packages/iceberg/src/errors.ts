/**
 * `malformed`: bytes or JSON break the specification. `unsupported`: legal Iceberg that this package does not
 * do. `refused`: the caller, or a catalog's server, finds that something must not be done. `missing`: a named thing is
 * absent. `unavailable`: a catalog's server did not answer, or said that it cannot now.
 */
export type IcebergErrorCode = 'malformed' | 'unsupported' | 'refused' | 'missing' | 'unavailable'

/** An operation that cannot succeed however often it is repeated; only what was `unavailable` may the next time. */
export class IcebergError extends Error {
  readonly code: IcebergErrorCode
  readonly context: Readonly<Record<string, unknown>>

  constructor(code: IcebergErrorCode, message: string, context: Readonly<Record<string, unknown>> = {}) {
    super(message)
    this.name = 'IcebergError'
    this.code = code
    this.context = context
  }
}
