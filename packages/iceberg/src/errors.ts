/**
 * `malformed`: bytes or JSON break the specification. `unsupported`: legal Iceberg that this package does not
 * do. `refused`: the caller asks for something that would damage the table. `missing`: a named thing is absent.
 */
export type IcebergErrorCode = 'malformed' | 'unsupported' | 'refused' | 'missing'

/** An operation that cannot succeed however often it is repeated. */
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
