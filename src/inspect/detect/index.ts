// The detectors, in report order.

import amplification from './amplification/amplification.ts'
import answerChange from './answer-change/answer-change.ts'
import type { Detector } from './detector.ts'
import dga from './dga/dga.ts'
import encryptedDns from './encrypted-dns.ts'
import exfiltration from './exfiltration/exfiltration.ts'
import health from './health/health.ts'
import loop from './loop.ts'
import openResolver from './open-resolver.ts'
import poisoning from './poisoning/poisoning.ts'
import randomSubdomains from './random-subdomains.ts'

/** What every report runs. */
export const detectors: readonly Detector[] = [
  exfiltration,
  dga,
  amplification,
  randomSubdomains,
  openResolver,
  loop,
  poisoning,
  answerChange,
  encryptedDns,
]

/** What runs only when it is named: faults would drown an incident. */
export const onRequest: readonly Detector[] = [health]
