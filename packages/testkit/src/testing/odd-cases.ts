import type { ConformanceCases, Fixture } from '../cases.ts'
import { fixturesOf } from '../fixtures.ts'

/** What the odd market's author gives to the kit. */
export function oddCases(): ConformanceCases {
  return {
    fixtures: oddFixtures(),
    sequences: [],
    resets: { none: 'this market numbers its frames, and its books not at all' },
    checksums: [
      {
        stream: 'book',
        bids: [
          ['1.50', '3'],
          ['1.40', '7'],
        ],
        asks: [
          ['1.60', '4'],
          ['1.70', '9'],
        ],
        // (150 * 3 + 3 * 10) * 31 + 140 * 3 + 7 * 10, and (160 * 1009 + 4 * 1016) * 31 + 170 * 1009 + 9 * 1016.
        is: 15_370 + 5_311_298,
      },
    ],
    symbols: ['X_ABC', 'X_测试', 'X_ABCDEF'],
    symbolWith: (text) => `X_${text}`,
    spelledInLists: (symbol) => symbol.toLowerCase(),
    wireNames: { trades: 'trades:X_ABC', book: 'book:X_ABC' },
    readSubscription: (frame) => namesIn(frame, 'sub'),
    readUnsubscription: (frame) => namesIn(frame, 'unsub'),
    connectionSeqOf: (frame) => (frame === 'pong' ? null : ((JSON.parse(frame) as { n?: number }).n ?? null)),
    recognised: [],
    heard: [
      { fixture: 'frames:2', url: null, as: true },
      { fixture: 'frames:5', url: null, as: null },
      { fixture: 'frames:5', url: 'wss://odd.invalid/stream', as: true },
      { fixture: 'frames:2', url: 'wss://even.invalid/stream', as: false },
    ],
    today: '2026-11-21',
    seed: 7,
    addresses: 'own',
  }
}

function namesIn(
  frame: string,
  key: string,
): { readonly names: readonly string[]; readonly id: null } | null {
  const names = (JSON.parse(frame) as Record<string, readonly string[]>)[key]
  return names === undefined ? null : { names, id: null }
}

function oddFixtures(): Fixture[] {
  return [
    ...fixturesOf({
      name: 'frames',
      answer: null,
      frames: `{"from":"invented"}
{"n":0,"ch":"book","type":"snapshot","sym":"X_ABC","at":"2023-10-06T17:35:55.440295Z","crc":7,"bids":[{"price":1.50,"qty":3},{"price":1.40,"qty":1e1}],"asks":[]}
{"n":1,"ch":"book","type":"update","sym":"X_ABC","at":null,"crc":8,"bids":[],"asks":[{"price":6E-8,"qty":0}]}
{"n":2,"ch":"trades","list":[{"sym":"X_DEF","id":"20f43950-d8dd-5b31-9112-a178eb6023af","price":2,"qty":4.00,"at":"2023-10-06T17:35:56.1Z","buy":false,"block":true},{"sym":"X_ABC","id":"17883351803770004","price":1.5,"qty":2,"at":"2023-10-06T17:35:56Z","buy":true,"forced":true}]}
{"n":3,"ok":["book:X_ABC","trades:X_ABC"]}
pong
{"n":5,"ch":"trades","list":[{"sym":"Y_ABC"}]}`,
      goldens: `{"of":"frames"}
{"outcome":{"kind":"events"},"events":[{"kind":"bookSnapshot","symbol":"X_ABC","stream":"book","engineUs":1696613755440295,"checksum":7,"entries":[["bid","1.50","3"],["bid","1.40","10"]]}]}
{"outcome":{"kind":"events"},"events":[{"kind":"bookDelta","symbol":"X_ABC","stream":"book","entries":[["ask","0.00000006","0"]]}]}
{"outcome":{"kind":"events"},"events":[{"kind":"trade","symbol":"X_ABC","stream":"trades","engineUs":1696613756000000,"textId":"17883351803770004","entries":[["buy","1.5","2"]]},{"kind":"liquidation","symbol":"X_ABC","stream":"trades/forced","engineUs":1696613756000000,"textId":"17883351803770004","detail":{"side":"buy","price":"1.5","quantity":"2","sampled":false},"entries":[]},{"kind":"block","symbol":"X_DEF","stream":"trades","engineUs":1696613756100000,"textId":"20f43950-d8dd-5b31-9112-a178eb6023af","entries":[["sell","2","4.00"]]}]}
{"outcome":{"kind":"ack","id":null,"streams":["book:X_ABC","trades:X_ABC"]},"events":[]}
{"outcome":{"kind":"heartbeat"},"events":[]}
{"outcome":{"kind":"outside","reason":"other_market"},"events":[]}`,
    }),
    ...fixturesOf({
      name: 'list',
      answer: { exchange: 'odd', market: 'spot', stream: 'list', symbol: '', resync: 0, status: 200 },
      frames: `{"from":"invented"}
[{"symbol":"x_abc","digits":2}]`,
      goldens: `{"of":"list"}
{"outcome":{"kind":"events"},"events":[{"kind":"instrument","symbol":"X_ABC","stream":"list","detail":{"instrument":"X_ABC","base":"X_ABC","quote":"Q","type":"spot","digits":{"price":2,"quantity":8},"raw":"{\\"symbol\\":\\"x_abc\\",\\"digits\\":2}"},"entries":[]}]}`,
    }),
  ]
}
