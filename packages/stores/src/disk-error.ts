import { CryptoFlowError, type Reaction } from '@cryptoflow/runtime'

interface Advice {
  readonly found: string
  readonly remedy: string
  readonly reaction: Reaction
}

const full: Advice = {
  found: 'no space is left',
  remedy: 'free space on this disk or choose a directory on another one',
  reaction: 'retry',
}
const forbidden: Advice = {
  found: 'no permission',
  remedy: 'give the user of this process the right to read and write there',
  reaction: 'stop',
}
const tooManyOpen: Advice = {
  found: 'too many open files',
  remedy: 'raise the limit of open files (ulimit -n)',
  reaction: 'retry',
}
const notThere: Advice = { found: 'nothing is there', remedy: 'check the path', reaction: 'reject' }
const inTheWay: Advice = {
  found: 'a file stands where a directory should',
  remedy: 'move it away or choose another directory',
  reaction: 'stop',
}

const advices = new Map<string, Advice>([
  ['ENOSPC', full],
  ['EDQUOT', full],
  ['EACCES', forbidden],
  ['EPERM', forbidden],
  ['EROFS', { ...forbidden, found: 'the disk is mounted read-only' }],
  ['EMFILE', tooManyOpen],
  ['ENFILE', tooManyOpen],
  ['ENOENT', notThere],
  ['ENOTDIR', inTheWay],
  ['EEXIST', inTheWay],
])

/** The operating system's code of an error (`ENOSPC`); null when it did not come from there. */
export function systemCode(error: unknown): string | null {
  const isSystem = error instanceof Error && 'syscall' in error && 'code' in error
  return isSystem && typeof error.code === 'string' ? error.code : null
}

/**
 * A failed file operation as CryptoFlowError (disk): names the path and what to do. Anything that did not come
 * from the operating system is passed on as it is.
 */
export function diskError(doing: string, path: string, cause: unknown): unknown {
  const code = systemCode(cause)
  if (code === null) return cause
  const { found, remedy, reaction } = advices.get(code) ?? {
    found: `the disk answered ${code}`,
    remedy: 'look at the disk before starting again',
    reaction: 'stop' as const,
  }
  const context = { path, code }
  return new CryptoFlowError(`${doing} ${path}: ${found}; ${remedy}`, {
    kind: 'disk',
    reaction,
    context,
    cause,
  })
}

/**
 * A failed fsync. The kernel may have given the pages up and answer the next fsync with success, so nobody may
 * try again: the process stops and the next one reads what is there (rule K4).
 */
export function syncError(path: string, cause: unknown): unknown {
  const code = systemCode(cause)
  if (code === null) return cause
  const message = `making ${path} durable: fsync answered ${code}; what was written there is unknown, look at the disk before starting again`
  return new CryptoFlowError(message, { kind: 'disk', reaction: 'stop', context: { path, code }, cause })
}

/** A key is written once (rule R15). */
export function takenError(path: string): CryptoFlowError {
  return new CryptoFlowError(`writing ${path}: a file is there already; every file gets a new name`, {
    kind: 'disk',
    reaction: 'reject',
    context: { path, code: 'EEXIST' },
  })
}
