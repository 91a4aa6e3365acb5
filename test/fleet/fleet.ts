import { type ChildProcess, spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createSqliteCatalog, liveDataFiles } from '@cryptoflow/iceberg'
import { openJournalReader, readEpochStanding } from '@cryptoflow/journal'
import { uuid } from '@cryptoflow/runtime'
import { diskFileIO, fileLocation, filePath } from '@cryptoflow/stores'
import { CATALOG, holds, type MemberOptions, NAMESPACE, served } from './words.ts'

const main = join(import.meta.dirname, 'member.ts')

/** A process of a fleet, which writes a dot for every epoch that it seals, and how it ends. */
export interface Member {
  readonly process: ChildProcess
  readonly ended: Promise<{
    readonly code: number | null
    readonly signal: string | null
    readonly stderr: string
  }>
}

export function startMember(options: MemberOptions): Member {
  const child = spawn(process.execPath, [main, JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stderr = ''
  // Somebody must read what it says, or it waits for that one day.
  child.stdout?.resume()
  child.stderr?.on('data', (text) => {
    stderr += text
  })
  const ended = new Promise<Awaited<Member['ended']>>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ code, signal, stderr }))
  })
  return { process: child, ended }
}

/** What is wrong with the tables of a warehouse, given its journals: all of it must be there once. Null: nothing. */
export async function faultOf(warehouse: string): Promise<string | null> {
  const expected = new Map<string, number>()
  for (const name of readdirSync(join(warehouse, 'journals'))) {
    const directory = join(warehouse, 'journals', name)
    const { id, last } = await openJournalReader(directory)
    const { pending, releasedTo } = await readEpochStanding(directory)
    if (pending > 0 || releasedTo !== last)
      return `journal ${name} ends at ${last} and is released to ${releasedTo}`
    expected.set(id, last)
  }
  for (const table of served) {
    const stored = await storedRows(warehouse, table)
    for (const [writer, last] of expected) {
      const rows = (stored.get(writer) ?? []).sort((a, b) => a - b)
      const wanted = Array.from({ length: last }, (_, i) => i + 1).filter((row) => holds(table, row))
      const at = wanted.findIndex((row, i) => rows[i] !== row)
      if (at >= 0) return `${table} of ${writer}: row ${wanted[at]} is missing, or one before it is twice`
      if (rows.length !== wanted.length) return `${table} of ${writer}: a row is twice`
    }
  }
  return null
}

async function storedRows(warehouse: string, table: (typeof served)[number]): Promise<Map<string, number[]>> {
  const io = diskFileIO()
  const place = { file: join(warehouse, 'catalog.db'), name: CATALOG, warehouse: fileLocation(warehouse) }
  const catalog = createSqliteCatalog({ ...place, io, nowMs: () => 0, uuid })
  try {
    const stored = new Map<string, number[]>()
    const loaded = await catalog.load({ namespace: NAMESPACE, name: table })
    for (const { location } of loaded === null ? [] : await liveDataFiles(io, loaded.metadata)) {
      const { writer, rows } = JSON.parse(readFileSync(filePath(location), 'utf8'))
      stored.set(writer, [...(stored.get(writer) ?? []), ...rows])
    }
    return stored
  } finally {
    catalog.close()
  }
}
