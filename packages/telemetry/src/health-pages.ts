import { assert } from '@cryptoflow/model'
import type { Clock, Version } from '@cryptoflow/runtime'
import { type HealthCheck, type HealthFinding, type HealthState, runCheck } from './checks.ts'
import type { Metrics } from './metrics.ts'

/** What the pages tell from. */
export interface HealthSources {
  readonly clock: Clock
  readonly checks: readonly HealthCheck[]
  readonly metrics: Metrics
  readonly version: Version
}

/** An answer before it is bytes: a value becomes JSON. */
export type Page =
  | { readonly status: number; readonly json: unknown }
  | { readonly status: number; readonly contentType: string; readonly text: string }

/** Finds and makes the page of a path; null when there is none. */
export type Pages = (path: string) => Promise<Page | null>

const COMPONENT_PATH = '/health/components/'
const WORDS = { ok: 'healthy', degraded: 'degraded', down: 'unhealthy' } as const

interface Component extends HealthFinding {
  readonly name: string
}

/** The paths that exist, for whoever asks for another one. */
export const paths = [
  '/metrics',
  '/live',
  '/ready',
  '/health',
  '/health/detailed',
  '/health/components/{name}',
  '/health/live',
  '/health/ready',
  '/stats',
] as const

/** The pages of one process. Uptime counts from here. */
export function openPages({ clock, checks, metrics, version }: HealthSources): Pages {
  assert(new Set(checks.map(({ name }) => name)).size === checks.length, 'each check has a name of its own')
  const startedUs = clock.nowUs()
  const uptime = (): number => Math.floor((clock.nowUs() - startedUs) / 1_000_000)
  const components = (): Component[] => checks.map((check) => ({ ...runCheck(check), name: check.name }))

  const live = async (): Promise<Page> => ({ status: 200, json: { live: true, uptime_seconds: uptime() } })
  const ready = async (): Promise<Page> => {
    const found = components()
    const isReady = worst(found) !== 'down'
    return { status: statusOf(worst(found)), json: { ready: isReady, reasons: reasonsOf(found), version } }
  }
  const health = async (): Promise<Page> => {
    const state = worst(components())
    const sums = await metrics.sums()
    const connections = {
      up: sums.get('collector_websocket_connected') ?? 0,
      total: sums.get('collector_websocket_configured') ?? 0,
    }
    const dropped = sums.get('collector_messages_dropped_total') ?? 0
    const json = { status: WORDS[state], uptime_seconds: uptime(), connections, messages_dropped: dropped }
    return { status: statusOf(state), json }
  }
  const detailed = async (): Promise<Page> => {
    const found = components()
    const state = worst(found)
    const json = { status: WORDS[state], uptime_seconds: uptime(), version, components: found.map(shown) }
    return { status: statusOf(state), json }
  }
  const component = (name: string): Page | null => {
    const found = components().find((one) => one.name === name)
    return found === undefined ? null : { status: statusOf(found.state), json: shown(found) }
  }
  const stats = async (): Promise<Page> => {
    const { rss, heapUsed } = process.memoryUsage()
    const { user, system } = process.cpuUsage()
    const json = {
      uptime_seconds: uptime(),
      started_at: new Date(startedUs / 1000).toISOString(),
      version,
      process: {
        pid: process.pid,
        rss_bytes: rss,
        heap_used_bytes: heapUsed,
        cpu_seconds: (user + system) / 1e6,
      },
      totals: Object.fromEntries(await metrics.sums()),
    }
    return { status: 200, json }
  }
  const fixed = new Map<string, () => Promise<Page>>([
    ['/metrics', async () => ({ status: 200, ...(await metrics.scrape()) })],
    ['/live', live],
    ['/health/live', live],
    ['/ready', ready],
    ['/health/ready', ready],
    ['/health', health],
    ['/health/detailed', detailed],
    ['/stats', stats],
  ])
  return async (path) => {
    const page = fixed.get(path)
    if (page !== undefined) return page()
    return path.startsWith(COMPONENT_PATH) ? component(path.slice(COMPONENT_PATH.length)) : null
  }
}

function worst(components: readonly HealthFinding[]): HealthState {
  const has = (state: HealthState): boolean => components.some((component) => component.state === state)
  if (has('down')) return 'down'
  return has('degraded') ? 'degraded' : 'ok'
}

/** Degraded still serves: taking it out of rotation would make a hole where there was a dent. */
function statusOf(state: HealthState): number {
  return state === 'down' ? 503 : 200
}

function reasonsOf(components: readonly Component[]): string[] {
  return components
    .filter(({ state }) => state !== 'ok')
    .map(({ name, state, reason }) => `${name} is ${state}: ${reason ?? 'no reason given'}`)
}

function shown({ name, state, reason, details }: Component): Record<string, unknown> {
  return { name, state, ...(reason !== undefined && { reason }), ...(details !== undefined && { details }) }
}
