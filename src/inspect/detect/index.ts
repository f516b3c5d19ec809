// The detectors, in report order.

import amplification from './amplification.ts'
import answerChange from './answer-change.ts'
import type { Detector } from './detector.ts'
import exfiltration from './exfiltration.ts'
import poisoning from './poisoning.ts'

/** All detectors. */
export const detectors: readonly Detector[] = [exfiltration, amplification, poisoning, answerChange]
