import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { type FileIO, type Http, openRestCatalog, type RestCatalog } from '@cryptoflow/iceberg'
import { type Started, start } from '../support.ts'

/** Files of local locations. */
export const io: FileIO = {
  async read(location) {
    return readFileSync(pathOf(location))
  },
  async write(location, bytes) {
    mkdirSync(dirname(pathOf(location)), { recursive: true })
    writeFileSync(pathOf(location), bytes)
  },
  async remove(location) {
    rmSync(pathOf(location), { force: true })
  },
}

/** Hadoop writes `file:/path`, everybody else `file:///path`. */
export function pathOf(location: string): string {
  return location.replace(/^file:(\/\/)?/, '')
}

/** A warehouse's catalog as `serve-catalog` tells it, and where engines find it. */
export interface Served {
  readonly url: string
  readonly catalog: RestCatalog
  readonly process: Started
  stop(): Promise<void>
}

export async function serve(warehouse: string): Promise<Served> {
  const process = start('serve-catalog', '--warehouse', warehouse)
  const { url } = JSON.parse(await process.firstLine) as { url: string }
  return {
    url,
    process,
    catalog: await openRestCatalog({ url, http }),
    stop: async () => {
      process.process.kill('SIGTERM')
      await process.ended
    },
  }
}

const http: Http = async ({ method, url, headers, body }) => {
  const response = await fetch(url, { method, headers, body })
  return { status: response.status, body: await response.text() }
}

/** A decimal's text without zeros that say nothing. */
export function plainDecimal(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text
}
