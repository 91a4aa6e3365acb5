// What both sides of the reader know: bytes, bounds, and where everything lies in the memory that src/bytes.ts makes.

export const FRAME_AT: usize = 16
/** Nothing stands there, and zeros stand around it. */
export const MISS: usize = 0

/** The largest whole number that a float64 has and no other has with it. */
export const SAFE_MAX: i64 = 9007199254740991

export const QUOTE: u8 = 34
export const POINT: u8 = 46
export const ZERO: u8 = 48
export const BACKSLASH: u8 = 92

/** 16 float64: numbers and times. Behind the largest frame, 8 MiB and its padding. */
export const VALUES: usize = 0x802000
/** 16 int32: offsets of texts, begin and end; truths; in the last, how many numbers JavaScript has to read. */
export const PLACES: usize = VALUES + 16 * 8
export const PAIR_SLOT: usize = 13
export const PAIR_FOUND: usize = 14
export const RARE_COUNT: usize = 15
/** By bytes and point of a number, where each of its digits goes. */
export const ORDERS: usize = VALUES + 0x800
/** Vectors that are loaded, which is one step; the compiler makes a literal one out of five each time. */
export const QUOTES: usize = VALUES + 0x200
export const POINTS: usize = QUOTES + 16
export const ZEROS: usize = QUOTES + 32
export const LIFT: usize = QUOTES + 48
export const NINE_LIFTED: usize = QUOTES + 64
export const TENS: usize = QUOTES + 80
export const HUNDREDS: usize = QUOTES + 96
export const TEN_THOUSANDS: usize = QUOTES + 112
export const EIGHT_ZEROS: usize = QUOTES + 128
export const SPACES: usize = QUOTES + 144
export const ESCAPES: usize = QUOTES + 160
/** 17 vectors: as many bytes of ones, then zeros. */
export const MASKS: usize = VALUES + 0x300
/** By slot, two texts of 16 bytes with zeros behind them, and how many bytes each has; JavaScript puts them there. */
export const PAIRS: usize = VALUES + 0x10000
export const PAIR_BYTES: usize = PAIRS + 0x2000
/** Programs are written here by whoever assembles them. */
export const PROGRAMS: usize = VALUES + 0x2000
/** Of one frame. */
export const LEVELS_MAX: u32 = 100000
/** Of all frames whose entries lie here. */
export const ENTRIES_MAX: u32 = 131072
/** By entry: float64, then bytes. */
export const PRICES: usize = VALUES + 0x20000
export const QUANTITIES: usize = PRICES + 8 * ENTRIES_MAX
export const PRICE_SCALES: usize = QUANTITIES + 8 * ENTRIES_MAX
export const QUANTITY_SCALES: usize = PRICE_SCALES + ENTRIES_MAX
export const SIDES: usize = QUANTITY_SCALES + ENTRIES_MAX
/** Numbers that JavaScript reads, two int32 each: entry * 2, of a quantity + 1; offset. */
export const RARES: usize = SIDES + ENTRIES_MAX
