import { closeSync, openSync, readSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseDotenv } from './dotenv.ts'
import type { LoadInput } from './load.ts'
import type { Problem } from './place.ts'
import { shown } from './shown.ts'
import type { Variable } from './variables.ts'
import { FILE_BYTES_MAX } from './yaml.ts'

/** Bytes of a `.env` file. */
const DOTENV_BYTES_MAX = 64 * 1024

export interface ReadOptions {
  /** The file named by `--config`; without it `CONFIG_FILE` of the environment, else there is none. */
  readonly path?: string
  /** Where `.env` is looked for, and where a relative path begins; default: the working directory. */
  readonly directory?: string
  /** Default: the environment of this process. */
  readonly environment?: Readonly<Record<string, string | undefined>>
}

/**
 * Reads the file, `.env` and the environment: the part of loading that is not pure. An absent `.env` is none; any
 * other file that cannot be read, or is too large, is a problem. Never throws for what is on the disk.
 */
export function readInput(
  options: ReadOptions = {},
): Required<Pick<LoadInput, 'file' | 'environment' | 'problems'>> {
  const directory = options.directory ?? process.cwd()
  const outside = Object.entries(options.environment ?? process.env).map(
    ([name, value]): Variable => ({ name, value: value ?? '', file: null, line: 0 }),
  )
  const dotenv = readDotenv(directory)
  const environment = [...outside, ...dotenv.variables]
  const named = environment.find(({ name, value }) => name === 'CONFIG_FILE' && value !== '')?.value
  const path = options.path ?? named
  if (path === undefined) return { file: null, environment, problems: dotenv.problems }
  const read = readText(resolve(directory, path), FILE_BYTES_MAX)
  if (read.text === null)
    return { file: null, environment, problems: [...dotenv.problems, problemOf(path, read.message)] }
  return { file: { name: path, text: read.text }, environment, problems: dotenv.problems }
}

function readDotenv(directory: string): ReturnType<typeof parseDotenv> {
  const read = readText(join(directory, '.env'), DOTENV_BYTES_MAX)
  if (read.text !== null) {
    const { variables, problems } = parseDotenv('.env', read.text)
    // The last of two equal lines wins; everywhere else the first of equal names does.
    return { variables: [...variables].reverse(), problems }
  }
  return { variables: [], problems: read.code === 'ENOENT' ? [] : [problemOf('.env', read.message)] }
}

type TextRead =
  | { readonly text: string; readonly message: null; readonly code: null }
  | { readonly text: null; readonly message: string; readonly code: string | null }

/** The text of a file of at most `bytesMax`; never more than one byte above is read, whatever the file is. */
function readText(path: string, bytesMax: number): TextRead {
  try {
    const bytes = readAtMost(path, bytesMax + 1)
    if (bytes.length > bytesMax)
      return { text: null, message: `expected at most ${bytesMax} bytes, got more`, code: null }
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return { text, message: null, code: null }
  } catch (error) {
    if (error instanceof TypeError)
      return { text: null, message: 'expected text in UTF-8, got other bytes', code: null }
    const code = String((error as NodeJS.ErrnoException).code ?? 'an error')
    return { text: null, message: `expected a file that can be read, got ${shown(code)}`, code }
  }
}

function readAtMost(path: string, bytesMax: number): Uint8Array {
  const file = openSync(path, 'r')
  try {
    const bytes = new Uint8Array(bytesMax)
    let length = 0
    for (;;) {
      const count = readSync(file, bytes, length, bytesMax - length, null)
      length += count
      if (count === 0 || length === bytesMax) return bytes.subarray(0, length)
    }
  } finally {
    closeSync(file)
  }
}

function problemOf(file: string, message: string): Problem {
  return { file, line: 1, column: 1, key: '', message }
}
