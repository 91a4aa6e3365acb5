/** Version of the code that turns journals into rows; stands in journals, requests and snapshots. */
export const VERSION = '0.1.0'
