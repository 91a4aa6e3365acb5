import type { Market as MarketName } from '@cryptoflow/model'
import { isStreamName } from './control.ts'
import type { Route } from './streams.ts'
import type { TimeScale } from './text.ts'

/** What a connection's URL asks for. */
export interface Handshake {
  readonly isCombined: boolean
  readonly streamNames: readonly string[]
  /** Only streams of this route are delivered; `all` where a host has no routes. */
  readonly route: Route | 'all'
  readonly timeScale: TimeScale
}

/** How a host's paths are made. */
export interface HandshakeRules {
  readonly market: MarketName
  /** `/public` and `/market` before the path; without them it is the public route. */
  readonly isRouted: boolean
}

const SCALES: ReadonlyMap<string, TimeScale> = new Map([
  ['MILLISECOND', 1],
  ['MICROSECOND', 1000],
])

/**
 * Reads `/ws`, `/ws/<a>/<b>`, `/stream` and `/stream?streams=<a>/<b>`, on a host with routes also below `/public`
 * and `/market`; null for anything else, trailing slashes included. Only spot hosts know units of time.
 */
export function readHandshake(requestUrl: string, rules: HandshakeRules): Handshake | null {
  const url = URL.parse(requestUrl, 'ws://localhost')
  if (url === null) return null
  const unit = rules.market === 'spot' ? (url.searchParams.get('timeUnit') ?? 'MILLISECOND') : 'MILLISECOND'
  const timeScale = SCALES.get(unit.toUpperCase())
  if (timeScale === undefined) return null
  const { route, path } = routed(url.pathname, rules.isRouted)
  const streams = streamsAt(path, url.searchParams.get('streams'))
  return streams === null ? null : { ...streams, route, timeScale }
}

function routed(pathname: string, isRouted: boolean): { route: Route | 'all'; path: string } {
  if (!isRouted) return { route: 'all', path: pathname }
  for (const route of ['public', 'market'] as const) {
    if (pathname.startsWith(`/${route}/`)) return { route, path: pathname.slice(route.length + 1) }
  }
  return { route: 'public', path: pathname }
}

function streamsAt(path: string, list: string | null): Pick<Handshake, 'isCombined' | 'streamNames'> | null {
  if (path === '/ws') return { isCombined: false, streamNames: [] }
  if (path === '/stream') return named(true, list)
  return path.startsWith('/ws/') ? named(false, decoded(path.slice('/ws/'.length))) : null
}

function named(
  isCombined: boolean,
  list: string | null,
): Pick<Handshake, 'isCombined' | 'streamNames'> | null {
  const streamNames = list === null ? [] : list.split('/')
  return streamNames.every(isStreamName) ? { isCombined, streamNames } : null
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return ''
  }
}
