/**
 * Arithmetic of decimals that DuckDB's own would round or refuse: whole numbers below 2^127, and null where these do not
 * hold what is asked for. A number and its written scale, as the tables have them, are a mantissa without needless zeros.
 */
const MACROS = [
  `ten_to(n) AS rpad('1', n + 1, '0')::HUGEINT`,
  `at_18(number) AS replace(number::VARCHAR, '.', '')::HUGEINT`,
  `mantissa_at(number, scale) AS at_18(number) // ten_to(18 - scale)`,
  `digits_of(whole) AS length(abs(whole)::VARCHAR)`,
  `decimal_of(whole) AS (CASE WHEN whole < 0 THEN '-' ELSE '' END || (abs(whole) // ten_to(18))::VARCHAR || '.'
    || lpad((abs(whole) % ten_to(18))::VARCHAR, 18, '0'))::DECIMAL(38, 18)`,
  // `whole` and what is left of a division, half to even.
  `evened(whole, rest, below) AS whole
    + CASE WHEN rest * 2 > below OR (rest * 2 = below AND whole % 2 = 1) THEN 1 ELSE 0 END`,
  `rounded(above, below) AS evened(above // below, above % below, below)`,
  `scaled_product(product, scale) AS CASE
    WHEN scale > 18 THEN decimal_of(rounded(product, ten_to(scale - 18)))
    WHEN digits_of(product) + 18 - scale <= 38 THEN decimal_of(product * ten_to(18 - scale)) END`,
  `product_of(a, a_scale, b, b_scale) AS CASE
    WHEN digits_of(mantissa_at(a, a_scale)) + digits_of(mantissa_at(b, b_scale)) <= 38
    THEN scaled_product(mantissa_at(a, a_scale) * mantissa_at(b, b_scale), a_scale + b_scale) END`,
  `quotient_of(above, below, digits) AS CASE
    WHEN digits_of(below) + digits <= 37 AND digits_of(above // below) + digits <= 37
    THEN decimal_of(evened(above // below * ten_to(digits) + above % below * ten_to(digits) // below,
      above % below * ten_to(digits) % below, below)) END`,
  `mean_of(a, a_weight, b, b_weight, scale) AS CASE
    WHEN a_weight + b_weight > 0
      AND greatest(digits_of(a), digits_of(b)) + greatest(digits_of(a_weight), digits_of(b_weight)) <= 37
    THEN quotient_of(a * a_weight + b * b_weight, a_weight + b_weight, 18 - scale) END`,
]

/**
 * Views beside the tables of the contract: what every reader would otherwise write again. Plain SQL of the tables, so
 * that conditions on these hold for them.
 */
const VIEWS: Readonly<Record<string, string>> = {
  // A row that is complete is never taken back; of others the last revision counts, whoever wrote it.
  bars_latest: `
    SELECT * FROM "bars"
    QUALIFY row_number() OVER (
      PARTITION BY exchange, market, symbol, interval, window_start
      ORDER BY complete DESC, revision DESC, received_ts DESC, frame DESC
    ) = 1`,
  // Without a contract's size nobody knows what contracts are worth; quantities in the quote are that already.
  ticks_derived: `
    SELECT *, CASE quantity_unit
      WHEN 'base' THEN product_of(price, price_scale, quantity, quantity_scale)
      WHEN 'quote' THEN quantity END AS notional
    FROM "ticks"`,
  // Each side's price with the other's quantity as its weight.
  bbo_derived: `
    SELECT *, ask_price - bid_price AS spread,
      decimal_of(rounded(at_18(bid_price) + at_18(ask_price), 2)) AS mid_price,
      mean_of(
        mantissa_at(bid_price, greatest(bid_price_scale, ask_price_scale)),
        mantissa_at(ask_quantity, greatest(bid_quantity_scale, ask_quantity_scale)),
        mantissa_at(ask_price, greatest(bid_price_scale, ask_price_scale)),
        mantissa_at(bid_quantity, greatest(bid_quantity_scale, ask_quantity_scale)),
        greatest(bid_price_scale, ask_price_scale)
      ) AS microprice
    FROM "bbo"`,
}

/** Statements that make the views; the tables must be there. */
export const viewSql: readonly string[] = [
  ...MACROS.map((macro) => `CREATE MACRO ${macro}`),
  ...Object.entries(VIEWS).map(([name, sql]) => `CREATE VIEW "${name}" AS ${sql}`),
]
