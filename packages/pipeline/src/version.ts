import { LEDGER_FORMAT } from '@cryptoflow/commit'
import { exchangeMarkets } from '@cryptoflow/exchanges'
import { journalFormats } from '@cryptoflow/journal'
import { tables } from '@cryptoflow/model'
import { STATE_IMAGE_VERSION } from '@cryptoflow/normalize'
import { type Version, version } from '@cryptoflow/runtime'

/** What runs, with the number of every format that it writes and of every decoder. */
export const build: Version = version({
  formats: {
    ...journalFormats,
    state_image: STATE_IMAGE_VERSION,
    ledger: LEDGER_FORMAT,
    ...Object.fromEntries(Object.values(tables).map((table) => [`table.${table.name}`, table.schemaVersion])),
    ...Object.fromEntries(
      exchangeMarkets.map(({ exchange, market, decoderVersion }) => [
        `decoder.${exchange}.${market}`,
        decoderVersion,
      ]),
    ),
  },
})

/** Version of the code that turns journals into rows; stands in journals, requests and snapshots. */
export const VERSION = build.version
