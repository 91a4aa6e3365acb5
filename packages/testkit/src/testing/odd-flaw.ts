/** What the odd market does wrong; each is one broken promise of the contract. */
export type OddFlaw =
  // golden
  | 'forgets text ids'
  | 'takes the names of other markets'
  | 'swaps the places of frames'
  | 'hears by chance'
  | 'throws while hearing'
  // mutations
  | 'leaves text ids behind'
  | 'changes an id that was there'
  | 'hears only JSON'
  | 'writes into what it hears'
  | 'takes any number of levels'
  | 'says that it is outside for a reason that nobody knows'
  | 'confirms names that are none'
  | 'forgets the place of what it refuses'
  | 'counts answers'
  | 'gives ids where none are remembered'
  | 'gives trades a range of ids'
  | 'gives an instrument the digits of its dreams'
  // numbers
  | 'reads bare numbers through floats'
  | 'folds checksums'
  | 'takes any place'
  | 'shortens bare numbers'
  // times
  | 'rounds times'
  | 'reads times as the engine does'
  | 'takes days that are none'
  | 'knows no nanoseconds'
  | 'takes nonsense for an absent time'
  // ids
  | 'reads ids through floats'
  | 'cuts ids'
  | 'takes long ids'
  | 'trims ids'
  // checksums
  | 'sums too few levels'
  | 'sums levels behind'
  | 'forgets quantities'
  | 'remembers a checksum'
  | 'cannot sum thin books'
  // names
  | 'leaves short names beyond ASCII out'
