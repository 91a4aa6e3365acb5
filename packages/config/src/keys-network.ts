import { defaultBackoff } from '@cryptoflow/runtime'
import {
  flag,
  fraction,
  list,
  names,
  optional,
  section,
  size,
  sizeOrNull,
  text,
  textOrNull,
  whole,
  wholeOrNull,
} from './node.ts'
import { ipAddress, plainName, streamText } from './shapes.ts'

const KIB = 1024
const MIB = 1024 * KIB
const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS
/** A journal record ends at 64 MiB, its head included. */
const FRAME_BYTES_MAX = 63 * MIB

const rotation = optional(
  section(
    {
      doc: 'A connection is replaced between these two times before the exchange ends it; null: never.',
    },
    {
      min: whole({
        doc: 'Milliseconds before the end, at least.',
        default: 5 * MINUTE_MS,
        min: 0,
        max: DAY_MS,
      }),
      max: whole({
        doc: 'Milliseconds before the end, at most.',
        default: 30 * MINUTE_MS,
        min: 0,
        max: DAY_MS,
      }),
    },
  ),
)

const span = (doc: string, ms: number, min = 100) => whole({ doc, default: ms, min, max: DAY_MS })

const ingest = section(
  { doc: 'Bounds of a conversation that are ours and not the exchange’s.', usedBy: 'ingest' },
  {
    answer_within_ms: span(
      'A connection that does not open, or a subscription that is not acknowledged, within this is given up.',
      10_000,
    ),
    connect_every_ms: span('Least distance of two connects to one host, milliseconds.', 1000, 0),
    dead_after_ms: span('No frame, ping or pong for this long: the other side is gone.', 30_000),
    stale_after_ms: span('No frame for this long where streams are expected to talk: given up.', 30_000),
    stale_max_ms: span('What `stale_after_ms` grows to, doubled each time it was in vain.', 600_000),
    mute_after_ms: span('A subscription that is expected to talk must be heard within this.', 30_000),
    steady_after_ms: span('A connection that lived this long was a success: backoff begins anew.', 30_000, 0),
    overlap_ms: span('How long a connection and its replacement are heard side by side.', 2000, 0),
    rotate_before_ms: rotation,
    body_within_ms: span('A REST answer must be complete within this.', 30_000),
    frame_bytes_max: size({
      doc: 'Largest WebSocket message that is taken.',
      default: 32 * MIB,
      min: 64 * KIB,
      max: FRAME_BYTES_MAX,
    }),
    body_bytes_max: size({
      doc: 'Largest REST answer that is taken.',
      default: 48 * MIB,
      min: 64 * KIB,
      max: FRAME_BYTES_MAX,
    }),
  },
)

const backoff = section(
  { doc: 'Delays between attempts to connect, doubled each time.', usedBy: 'ingest' },
  {
    first_ms: whole({
      doc: 'Delay before the first attempt, milliseconds.',
      default: defaultBackoff.firstMs,
      min: 10,
      max: 60 * MINUTE_MS,
    }),
    max_ms: whole({
      doc: 'Longest delay, milliseconds.',
      default: defaultBackoff.maxMs,
      min: 10,
      max: DAY_MS,
    }),
    jitter: fraction({
      doc: 'Share by which a delay may be shorter or longer: 0.25 is 25 %.',
      default: defaultBackoff.jitter,
      min: 0,
      max: 1,
    }),
  },
)

const audit = section(
  {
    doc: 'Books are compared with snapshots of the exchange, at one update and without stopping the stream: table `book_audit`. Only where a snapshot has the numbers of the stream (docs/book.md).',
    usedBy: 'ingest',
  },
  {
    enabled: flag({ doc: 'Whether books are audited.', default: true }),
    every_ms: whole({
      doc: 'Milliseconds between two audits of one book. Each costs one request for a book, or a connection where books begin in their streams; longer where a fifth of that budget does not hold them.',
      default: 15 * MINUTE_MS,
      min: 1_000,
      max: DAY_MS,
    }),
  },
)

const egress = section(
  { doc: 'How connections leave this machine.', usedBy: 'egress' },
  {
    local_address: textOrNull(ipAddress, {
      doc: 'The address of this machine that connections to exchanges go out from; null: the system chooses.',
    }),
  },
)

/** Messages that a queue holds. */
const CAP_MAX = 16 * 1024 * 1024
const RAW_BYTES = { min: 64 * KIB, max: 1024 * MIB }
/** There is no such queue. */
const oneStep = {
  usedBy: null,
  note: 'Decoding, normalizing and placing are one step of the lane: nothing waits between them.',
}

const defaultCap = (doc: string, cap: number) => whole({ doc, default: cap, min: 1, max: CAP_MAX })
const ownCap = (doc: string) => wholeOrNull({ doc, default: null, min: 1, max: CAP_MAX })

const rawCapText = 'Frames that wait in memory to be decoded.'
const rawBytesText = 'Bytes of frames that wait in memory to be decoded.'
const normCapText = 'Events waiting for their partition.'
const inboxCapText = 'Rows waiting for their file buffer.'

const channels = section(
  {
    doc: 'Bounds of the queues between the parts of a process. All tables of a process wait in one, which has the room of all of them together; what finds no room is read from the journal.',
    usedBy: 'pipeline',
  },
  {
    defaults: section(
      { doc: 'Bounds of each table where nothing else is said.' },
      {
        raw_cap: defaultCap(rawCapText, 8192),
        raw_bytes: size({ doc: rawBytesText, default: 8 * MIB, ...RAW_BYTES }),
        norm_cap: { ...defaultCap(normCapText, 8192), ...oneStep },
        buffer_inbox_cap: { ...defaultCap(inboxCapText, 2048), ...oneStep },
      },
    ),
    overrides: names(
      names(
        section(
          { doc: 'Bounds of one table; null: as in `channels.defaults`.' },
          {
            raw_cap: ownCap(rawCapText),
            raw_bytes: sizeOrNull({ doc: rawBytesText, default: null, ...RAW_BYTES }),
            norm_cap: { ...ownCap(normCapText), ...oneStep },
            buffer_inbox_cap: { ...ownCap(inboxCapText), ...oneStep },
          },
        ),
        { doc: 'By table.', says: 'tables', pattern: streamText.pattern },
      ),
      { doc: 'Bounds by exchange and table.', says: 'exchanges', pattern: plainName.pattern },
    ),
  },
)

/** Shards: more than this would be empty on every exchange there is. */
const SHARDS_MAX = 65_536

const sharding = section(
  {
    doc: 'Which part of the symbols this process owns, and from which addresses it speaks.',
    usedBy: null,
    note: 'One process collects every symbol that its collectors name, from the machine’s own address.',
  },
  {
    total_shards: whole({
      doc: 'Shards that symbols are spread over.',
      default: 1024,
      min: 1,
      max: SHARDS_MAX,
      immutable:
        'which shard owns a symbol follows from it, and stored files and ownership already depend on it',
    }),
    replica_index: whole({
      doc: 'Which of the replicas this process is, from 0.',
      default: 0,
      min: 0,
      max: SHARDS_MAX - 1,
    }),
    replica_count: whole({ doc: 'Replicas that share the shards.', default: 1, min: 1, max: SHARDS_MAX }),
    egress_pool: list(text(ipAddress, { doc: 'A local address.' }), {
      doc: 'Local addresses that connections go out from; none: the machine’s own.',
      default: 'empty',
      min: 0,
      max: 4096,
    }),
    per_shard_ip_override: names(text(ipAddress, { doc: 'The local address of the shard.' }), {
      doc: 'By shard: the local address that it speaks from, whatever its turn in the pool.',
      says: 'shards',
      pattern: '^(0|[1-9][0-9]{0,4})$',
    }),
  },
)

/** Sections about conversations with exchanges. */
export const networkKeys = { ingest, audit, egress, backoff, channels, sharding }
