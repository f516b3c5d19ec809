// The detectors, in report order.

import amplification from './amplification.ts'
import answerChange from './answer-change.ts'
import type { Detector } from './detector.ts'
import dga from './dga.ts'
import encryptedDns from './encrypted-dns.ts'
import exfiltration from './exfiltration.ts'
import poisoning from './poisoning.ts'

/** All detectors. */
export const detectors: readonly Detector[] = [
  exfiltration,
  dga,
  amplification,
  poisoning,
  answerChange,
  encryptedDns,
]
