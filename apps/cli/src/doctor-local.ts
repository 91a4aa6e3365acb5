import { existsSync } from 'node:fs'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join, resolve } from 'node:path'
import type { Config } from '@cryptoflow/config'
import { bytesText, spanText } from '@cryptoflow/console'
import { freeBytes, isJournal, openJournalReader } from '@cryptoflow/journal'
import { build, haltedTables, warehouseAt } from '@cryptoflow/pipeline'
import { type Clock, messageOf } from '@cryptoflow/runtime'
import { fileLocation } from '@cryptoflow/stores'
import { bad, type DoctorCheck, fine } from './doctor-check.ts'
import { standing } from './plan.ts'

/** Releases below do not have what the code is built on: `node:sqlite`, type stripping, zstd. */
const NODE_MAJOR_MIN = 24
const GB = 1_000_000_000
/** Below this the disk is full within hours of a busy market. */
const FREE_BYTES_LOW = 20 * GB
const FREE_BYTES_MIN = GB
/** Groups of frames are synced every 40 ms: a slower disk makes groups larger, a much slower one is a bottleneck. */
const SYNC_MS_SLOW = 40
const SYNC_MS_MAX = 500
const SYNCS = 11
const SYNC_BYTES = 64 * 1024
/** A thousand connections and the files of a seal. */
const OPEN_FILES_LOW = 4096
const OPEN_FILES_MIN = 256

/** Versions of what runs. */
export function checkNode(version = process.versions.node): DoctorCheck {
  const commit = build.sha === null ? '' : ` (${build.sha.slice(0, 12)})`
  const found = `Node ${version}, cryptoflow ${build.version}${commit}, ${process.platform} ${process.arch}`
  if (Number.parseInt(version, 10) >= NODE_MAJOR_MIN) return fine('versions', found)
  return bad('fail', 'versions', found, `run it with Node ${NODE_MAJOR_MIN} or newer`)
}

/** Whether files of this process may be many. */
export function checkOpenFiles(): DoctorCheck {
  const report = process.report.getReport() as { userLimits?: { open_files?: { soft?: number | string } } }
  const soft = report.userLimits?.open_files?.soft
  const name = 'open files'
  if (soft === 'unlimited') return fine(name, 'unlimited')
  if (typeof soft !== 'number') return fine(name, 'the system tells no limit')
  if (soft >= OPEN_FILES_LOW) return fine(name, `${soft} allowed`)
  const advice = `raise it: ulimit -n ${OPEN_FILES_LOW}, or LimitNOFILE of the service`
  return bad(soft < OPEN_FILES_MIN ? 'fail' : 'warn', name, `${soft} allowed`, advice)
}

/** The path, the space and the speed of the disk under a warehouse. */
export async function checkDisk(path: string, clock: Clock): Promise<DoctorCheck[]> {
  const directory = resolve(path)
  const location = locationCheck(directory)
  const place = standing(directory)
  const free = await freeBytes(place)
  const space = `${bytesText(free)} free`
  const spaceCheck =
    free >= FREE_BYTES_LOW
      ? fine('disk space', space)
      : bad(
          free < FREE_BYTES_MIN ? 'fail' : 'warn',
          'disk space',
          space,
          'make room, or lower journal.retention',
        )
  return [location, spaceCheck, await syncCheck(place, clock)]
}

function locationCheck(directory: string): DoctorCheck {
  try {
    fileLocation(directory)
    return fine('warehouse', existsSync(directory) ? directory : `${directory} (will be made)`)
  } catch (error) {
    return bad(
      'fail',
      'warehouse',
      messageOf(error),
      'choose a directory that every reader of tables can open',
    )
  }
}

/** Times a write with its sync, as the journal does it; the middle of eleven. */
async function syncCheck(place: string, clock: Clock): Promise<DoctorCheck> {
  const name = 'write and sync'
  try {
    const ms = await measureSyncMs(place, clock)
    const found = `${ms.toFixed(1)} ms for 64 kB (median of ${SYNCS})`
    if (ms <= SYNC_MS_SLOW) return fine(name, found)
    const advice =
      'frames are durable that much later; use a local SSD instead of a network or overlay file system'
    return bad(ms > SYNC_MS_MAX ? 'fail' : 'warn', name, found, advice)
  } catch (error) {
    return bad('fail', name, messageOf(error), 'make the directory writable for this user')
  }
}

async function measureSyncMs(place: string, clock: Clock): Promise<number> {
  const directory = await mkdtemp(join(place, '.doctor-'))
  try {
    const file = await open(join(directory, 'probe'), 'wx')
    try {
      const times: number[] = []
      for (let i = 0; i < SYNCS; i++) {
        const beganUs = clock.nowUs()
        await file.write(Buffer.alloc(SYNC_BYTES, i), 0, SYNC_BYTES, i * SYNC_BYTES)
        await file.datasync()
        times.push((clock.nowUs() - beganUs) / 1000)
      }
      return times.sort((a, b) => a - b)[SYNCS >> 1] as number
    } finally {
      await file.close()
    }
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

/** Whether the warehouse's journal can be opened, and whether somebody has it. */
export async function checkJournal(path: string, name: string | null): Promise<DoctorCheck> {
  const directory = warehouseAt(path).journalOf(name)
  if (!isJournal(directory)) return fine('journal', 'none yet')
  try {
    const { id, isLive, last, torn } = await openJournalReader(directory)
    const end = torn === null ? '' : ', a cut last write will be removed'
    if (!isLive) return fine('journal', `${id}, ${last} records${end}`)
    return bad(
      'warn',
      'journal',
      `${id} is being written`,
      'a second collector needs a journal of its own: set journal.name',
    )
  } catch (error) {
    return bad(
      'fail',
      'journal',
      messageOf(error),
      'see cryptoflow journal verify, and keep the files as they are',
    )
  }
}

/** Whether a committer would go on with every table. */
export async function checkTables(path: string, clock: Clock): Promise<DoctorCheck> {
  const warehouse = warehouseAt(path)
  if (!existsSync(warehouse.catalogFile)) return fine('tables', 'none yet')
  try {
    const [first, ...more] = await haltedTables(warehouse, clock)
    if (first === undefined) return fine('tables', 'none is halted')
    const found = `${first.table}: ${first.why}${more.length === 0 ? '' : ` (and ${more.length} more)`}`
    return bad('fail', 'tables', found, 'see cryptoflow repair')
  } catch (error) {
    return bad('fail', 'tables', messageOf(error), 'see cryptoflow warehouse check')
  }
}

/** Whether the port of metrics and health is free; null: they are off. */
export async function checkPort({ metrics }: Pick<Config, 'metrics'>): Promise<DoctorCheck | null> {
  if (!metrics.enabled || metrics.port === 0) return null
  const { host, port } = metrics
  const name = 'metrics port'
  const code = await new Promise<string | null>((done) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => done(error.code ?? error.message))
    server.listen({ host, port, exclusive: true }, () => server.close(() => done(null)))
  })
  if (code === null) return fine(name, `${host}:${port} is free`)
  const taken = code === 'EADDRINUSE'
  return bad(
    'fail',
    name,
    `${host}:${port} ${taken ? 'is taken' : `cannot be listened on (${code})`}`,
    taken ? 'end the other process, or set metrics.port' : 'set metrics.host and metrics.port',
  )
}

/** The clock of this machine against that of somebody who says `Date`, in seconds; negative: ours is behind. */
export function clockCheck(offsetSeconds: number, who: string): DoctorCheck {
  const name = 'clock'
  const size = Math.abs(offsetSeconds)
  const found =
    size <= 1
      ? `within a second of ${who}, which tells no more`
      : `${spanText(size)} ${offsetSeconds > 0 ? 'ahead of' : 'behind'} ${who}`
  if (size <= 2) return fine(name, found)
  return bad(
    size > 60 ? 'fail' : 'warn',
    name,
    found,
    'received_ts would be as wrong: set the clock by NTP (chrony)',
  )
}
