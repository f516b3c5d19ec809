// Everything that can be wrong with a message, one bit and one name each. The decoder records facts; detectors judge them.

/** Bits of the DNS message itself (the low word of the anomalies column). Order is storage format: append only. */
export const Anomaly = {
  shortHeader: 1 << 0,
  questionTruncated: 1 << 1,
  recordTruncated: 1 << 2,
  nameTruncated: 1 << 3,
  pointerForward: 1 << 4,
  pointerLoop: 1 << 5,
  labelReserved: 1 << 6,
  nameTooLong: 1 << 7,
  trailingBytes: 1 << 8,
  noQuestion: 1 << 9,
  severalQuestions: 1 << 10,
  rdataMalformed: 1 << 11,
  optRepeated: 1 << 12,
  optMisplaced: 1 << 13,
  optMalformed: 1 << 14,
  ttlHighBit: 1 << 15,
  zBit: 1 << 16,
  opcodeUnassigned: 1 << 17,
  snapped: 1 << 18,
  udpLengthMismatch: 1 << 19,
  queryHasAnswers: 1 << 20,
  caseMismatch: 1 << 21,
  beforeQuery: 1 << 22,
  recordLimit: 1 << 23,
  fragmentOverlap: 1 << 24,
  fragmentConflict: 1 << 25,
  fragmentMissing: 1 << 26,
  segmentConflict: 1 << 27,
  segmentMissing: 1 << 28,
} as const

/** The stored names, in bit order. */
export const anomalyNames = [
  'short-header',
  'question-truncated',
  'record-truncated',
  'name-truncated',
  'pointer-forward',
  'pointer-loop',
  'label-reserved',
  'name-too-long',
  'trailing-bytes',
  'no-question',
  'several-questions',
  'rdata-malformed',
  'opt-repeated',
  'opt-misplaced',
  'opt-malformed',
  'ttl-high-bit',
  'z-bit',
  'opcode-unassigned',
  'snapped',
  'udp-length-mismatch',
  'query-has-answers',
  'case-mismatch',
  'before-query',
  'record-limit',
  'fragment-overlap',
  'fragment-conflict',
  'fragment-missing',
  'segment-conflict',
  'segment-missing',
] as const

/** Anomalies that mean the bytes do not parse as they should; such messages keep a bounded raw copy. */
export const malformedMask =
  Anomaly.shortHeader |
  Anomaly.questionTruncated |
  Anomaly.recordTruncated |
  Anomaly.nameTruncated |
  Anomaly.pointerForward |
  Anomaly.pointerLoop |
  Anomaly.labelReserved |
  Anomaly.nameTooLong |
  Anomaly.rdataMalformed |
  Anomaly.optMalformed |
  Anomaly.recordLimit

/** The names of the bits set in `bits`. */
export function anomaliesOf(bits: number): string[] {
  return anomalyNames.filter((_, bit) => (bits & (1 << bit)) !== 0)
}
