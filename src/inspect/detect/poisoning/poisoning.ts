// Forged answers: two answers to one query that differ, answers that fit a query in all but what a forger has to guess, and what else forging leaves behind.

import { detector } from '../detector.ts'
import { bailiwick, bailiwickPoints } from './bailiwick.ts'
import { birthday, birthdayParameters, birthdayPoints } from './birthday.ts'
import { distances, distancesPoints } from './distance.ts'
import { fragments, fragmentsPoints } from './fragments.ts'
import { letterCase, letterCasePoints } from './letter-case.ts'
import { nearMisses, nearMissParameters, nearMissPoints } from './near-miss.ts'
import { portScan, portScanParameters, portScanPoints } from './port-scan.ts'
import { predictable, predictableParameters, predictablePoints } from './predictable.ts'
import { rebinding, rebindingPoints } from './rebinding.ts'
import { replacement, replacementPoints } from './replacement.ts'
import { twoAnswers, twoAnswersPoints } from './two-answers.ts'

/** Answers that lie. */
export default detector({
  id: 'poisoning',
  version: 3,
  title: 'Cache poisoning and forged answers',
  asks: 'Did a query get two answers that differ, or answers that missed it narrowly?',
  why: 'A forger on the path answers first and the true answer follows: two answers to one query whose records differ. In 27 million transactions of two universities two servers did this on their own, in a million of ours none. A forger off the path does not see the query and has to guess id and port: the misses arrive before the hit does.',
  attack: ['T1557', 'T1565.002'],
  parameters: {
    ...nearMissParameters,
    ...birthdayParameters,
    ...portScanParameters,
    ...predictableParameters,
  },
  rules: [
    twoAnswers,
    ...nearMisses,
    birthday,
    bailiwick,
    letterCase,
    portScan,
    fragments,
    replacement,
    predictable,
    rebinding,
    distances,
  ],
  points: {
    ...twoAnswersPoints,
    ...nearMissPoints,
    ...birthdayPoints,
    ...bailiwickPoints,
    ...letterCasePoints,
    ...portScanPoints,
    ...fragmentsPoints,
    ...replacementPoints,
    ...predictablePoints,
    ...rebindingPoints,
    ...distancesPoints,
  },
  benign: [
    'a resolver that answers each retransmission from a rotating set',
    'a middlebox that answers for a blocked name (then it is the forger, on purpose)',
    'an address translation that changes ports, or a server that answers from its other address',
    'answers to queries that the capture lost',
  ],
  next: [
    'overhear hunt name {name}',
    'overhear hunt client {client}',
    'overhear hunt domain {domain}',
  ],
  references: [
    'Duan et al., Hold-On: Protecting Against On-Path DNS Poisoning, SATIN 2012',
    'RFC 5452 (measures against forged answers)',
    'Man et al., SAD DNS, CCS 2020',
  ],
})
