// What the matcher says of an exchange: the values of the `match` column, in its order.

/** Verdict numbers as stored. */
export const Verdict = {
  answered: 0,
  unanswered: 1,
  open: 2,
  unsolicited: 3,
  late: 4,
  duplicate: 5,
  conflict: 6,
  wrongId: 7,
  wrongPort: 8,
  wrongQuestion: 9,
  wrongServer: 10,
  malformed: 11,
  unpaired: 12,
} as const

/** Names of the verdicts, in number order. */
export const verdictNames = [
  'answered',
  'unanswered',
  'open',
  'unsolicited',
  'late',
  'duplicate',
  'conflict',
  'wrong_id',
  'wrong_port',
  'wrong_question',
  'wrong_server',
  'malformed',
  'unpaired',
] as const
