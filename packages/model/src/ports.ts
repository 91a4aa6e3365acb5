/**
 * The nine moments at which something becomes durable. Crash tests name them; production passes no probe.
 * Normative order: `exactly-once.md` section 3.
 */
export const durableSteps = [
  'journal-write',
  'file-write',
  'image-write',
  'seal',
  'ledger-put',
  'manifest-write',
  'catalog-swap',
  'mark',
  'release',
] as const
export type DurableStep = (typeof durableSteps)[number]

/**
 * Called in the middle of each durable step: half of the bytes written, or the transaction open.
 * A probe that kills the process there must find everything recoverable.
 */
export type Probe = (step: DurableStep) => void

/** Immutable objects under generated names: data files, state images, manifests. */
export interface ObjectStore {
  /** Where an object of that key lies, as readers of the table address it. */
  location(key: string): string
  /** Returns when the object and its directory entry are durable. A key is written once. */
  put(key: string, bytes: Uint8Array): Promise<void>
  get(key: string): Promise<Uint8Array>
  /** Bytes of the object, null when there is none. */
  size(key: string): Promise<number | null>
}

/**
 * Opens connections to exchanges. `Agent` is what HTTP and WebSocket clients of the process take to get a connection.
 */
export interface Dialer<Agent> {
  /** The address that connections go out from; null: the system chooses. */
  readonly localAddress: string | null
  /** The agent for addresses of this one's scheme: http, https, ws or wss. */
  agentOf(url: string): Agent
  /** Ends connections that are kept for later requests. */
  close(): void
}
