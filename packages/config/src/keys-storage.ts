import { choice, flag, optional, section, size, text, textOrNull, whole, wholeOrNull } from './node.ts'
import { bucketName, endpointAddress, pathText, plainName, tableName } from './shapes.ts'

const KIB = 1024
const MIB = 1024 * KIB
const GB = 1_000_000_000
const TB = 1000 * GB
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

const warehouse = section(
  { doc: 'Where everything is stored.', usedBy: 'pipeline' },
  {
    directory: text(pathText, {
      doc: 'The warehouse directory: tables, catalog, ledger and journal. Made when it is not there.',
      default: 'warehouse',
    }),
  },
)

const journal = section(
  { doc: 'Frames on disk exactly as received.', usedBy: 'journal' },
  {
    name: textOrNull(plainName, {
      doc: 'Name of this process among those that collect into one warehouse: each has a journal of its own, `journals/<name>`; null: it has `raw`, and only one process may.',
    }),
    compression: choice(['none', 'zstd'], {
      doc: 'How segments are written from now on; those that are there stay as they are.',
      default: 'none',
    }),
    flush_every_ms: whole({
      doc: 'Longest time in milliseconds that a frame waits before its write and sync begin.',
      default: 40,
      min: 1,
      max: 10_000,
    }),
    flush_bytes: size({
      doc: 'Bytes that begin a write at once.',
      default: 256 * KIB,
      min: 4 * KIB,
      max: 64 * MIB,
    }),
    segment_bytes: size({
      doc: 'Size of a segment, the unit in which retention deletes.',
      default: 64 * MIB,
      min: MIB,
      max: 1024 * MIB,
    }),
    reserve_bytes: size({
      doc: 'Space kept back for the day the disk is full, so that what was received can still be sealed and committed.',
      default: 64 * MIB,
      min: 0,
      max: 1024 * MIB,
    }),
    retention: section(
      {
        doc: 'How long segments are kept after all their rows are committed; the first bound reached counts.',
      },
      {
        days: whole({ doc: 'Days that a segment is kept.', default: 7, min: 0, max: 36_500 }),
        bytes: size({ doc: 'Bytes of all segments together.', default: 20 * GB, min: 0, max: 1000 * TB }),
      },
    ),
  },
)

const images = section(
  { doc: 'Book images made from the deltas: tables `spot_ob` and `futures_ob`.', usedBy: 'normalize' },
  {
    derived_every_ms: whole({
      doc: 'Milliseconds between two derived images of a book, on a fixed grid; none is made where nothing changed.',
      default: 100,
      min: 10,
      max: HOUR_MS,
    }),
    derived_levels: whole({
      doc: 'Levels a side of a derived image; 0: none are made.',
      default: 20,
      min: 0,
      max: 5000,
    }),
    checkpoint_every_ms: whole({
      doc: 'Milliseconds between two images of the full book.',
      default: 60_000,
      min: 1000,
      max: DAY_MS,
    }),
    depth_cap: whole({ doc: 'Levels a side that a book keeps.', default: 2000, min: 1, max: 100_000 }),
  },
)

const parquet = section(
  { doc: 'Data files.', usedBy: 'sink' },
  {
    compression: choice(['zstd', 'snappy'], { doc: 'Codec of data pages.', default: 'zstd' }),
    row_group_rows: whole({
      doc: 'Rows of a row group at most. A file is encoded by row groups, and a merge holds some of each file.',
      default: 131_072,
      min: 1_000,
      max: 262_144,
    }),
    row_group_bytes: size({
      doc: 'Bytes of a row group before they are encoded, at most.',
      default: 64 * MIB,
      min: MIB,
      max: 512 * MIB,
    }),
    target_mb: whole({
      doc: 'Size in megabytes at which a data file ends, and to which small ones are joined.',
      default: 128,
      min: 1,
      max: 2048,
    }),
    flush_interval_ms: wholeOrNull({
      doc: 'Milliseconds that a row waits for its data file at most: `seal.every_ms` by another name. Where both are given the shorter one counts; null: `seal.every_ms` alone.',
      usedBy: 'pipeline',
      default: null,
      min: 10,
      max: HOUR_MS,
    }),
  },
)

const seal = section(
  { doc: 'When data files are cut: at whichever comes first.', usedBy: 'pipeline' },
  {
    every_ms: whole({
      doc: 'Milliseconds since the last cut, and so the longest that a row waits for its data file.',
      default: 30_000,
      min: 10,
      max: HOUR_MS,
    }),
    rows: whole({ doc: 'Rows of all tables together.', default: 500_000, min: 1, max: 50_000_000 }),
    bytes: size({
      doc: 'Bytes of the journal since the last cut, which bound the texts and bytes in rows.',
      default: 256 * MIB,
      min: MIB,
      max: 16_384 * MIB,
    }),
  },
)

const commit = section(
  { doc: 'When sealed files become part of the tables, and who makes them so.', usedBy: 'pipeline' },
  {
    by: choice(['collector', 'committer'], {
      doc: 'Who commits; collector: the collecting process, and with its own whatever else waits in the warehouse; committer: it leaves that, and looking after the tables, to `cryptoflow committer`.',
      default: 'collector',
    }),
    every_ms: whole({ doc: 'Milliseconds between two commits.', default: 10_000, min: 10, max: HOUR_MS }),
    void_after_hours: whole({
      doc: 'Hours after which a sealed request is not committed any more: somebody may have deleted its files. Its rows are made again from the journal and come under a later request. Half of the age at which the catalog, or whoever looks after its store, deletes files that no table names.',
      default: 36,
      min: 1,
      max: 87_600,
    }),
  },
)

const maintenance = section(
  {
    doc: 'How the tables are looked after while the process collects, and by `cryptoflow maintain`.',
    usedBy: 'pipeline',
  },
  {
    enabled: flag({ doc: 'Whether a collecting process does it by itself.', default: true }),
    every_ms: whole({
      doc: 'Milliseconds between two rounds; the first one comes after a tenth of it.',
      default: HOUR_MS,
      min: 60_000,
      max: 7 * DAY_MS,
    }),
    compact: optional(
      section(
        { doc: 'Small data files of hours and days that are over are joined; null: they stay.' },
        {
          closed_after_ms: whole({
            doc: 'Milliseconds after the end of an hour or day: no more rows of it are expected then.',
            default: 2 * HOUR_MS,
            min: 0,
            max: 30 * DAY_MS,
          }),
          files_min: whole({
            doc: 'An hour or day with fewer small files is left as it is.',
            default: 4,
            min: 2,
            max: 10_000,
          }),
        },
      ),
    ),
    expire: optional(
      section(
        {
          doc: 'Old table snapshots are forgotten, and the files that only they show are deleted; null: all are kept. Whichever bound is reached first counts.',
        },
        {
          keep_hours: whole({
            doc: 'Hours that a snapshot is kept: how far back a table can be read, and how long a reader may take.',
            default: 24,
            min: 1,
            max: 87_600,
          }),
          keep_snapshots: whole({
            doc: 'Snapshots that are kept at most; each takes 0.7 kB of the metadata that every commit writes anew.',
            default: 1_000,
            min: 10,
            max: 100_000,
          }),
        },
      ),
    ),
    orphans: optional(
      section(
        { doc: 'Files that no table needs are deleted: of work that was cut short; null: they stay.' },
        {
          min_age_hours: whole({
            doc: 'Hours that a file must have lain there.',
            default: 72,
            min: 24,
            max: 87_600,
          }),
        },
      ),
    ),
  },
)

const s3tables = section(
  {
    doc: 'Amazon S3 Tables instead of a directory.',
    usedBy: null,
    note: 'Tables are in `warehouse.directory`, with a catalog of their own.',
  },
  {
    bucket: textOrNull(bucketName, { doc: 'The table bucket.' }),
    namespace: textOrNull(tableName, { doc: 'The namespace of the tables.' }),
    table: textOrNull(tableName, { doc: 'The table, where a process fills only one.' }),
    rest_endpoint: textOrNull(endpointAddress, { doc: 'The Iceberg REST endpoint.' }),
  },
)

/** Sections about what is stored, how and how long. */
export const storageKeys = { warehouse, journal, images, parquet, seal, commit, maintenance, s3tables }
