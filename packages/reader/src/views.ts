/**
 * Views beside the tables of the contract: what every reader would otherwise write again. Plain SQL of the tables, so
 * that conditions on these hold for them.
 */
export const views: readonly { readonly name: string; readonly sql: string }[] = [
  {
    // A row that is complete is never taken back; of others the last revision counts, whoever wrote it.
    name: 'bars_latest',
    sql: `
      SELECT * FROM "bars"
      QUALIFY row_number() OVER (
        PARTITION BY exchange, market, symbol, interval, window_start
        ORDER BY complete DESC, revision DESC, received_ts DESC, frame DESC
      ) = 1`,
  },
]
