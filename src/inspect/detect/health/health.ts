// Availability and zone health as seen: what a record audit would complain about, told from answers that others asked for.

import { detector } from '../detector.ts'
import { bogusRules } from './bogus.ts'
import { delegationRule, operatorRule } from './delegation.ts'
import { keyRules } from './keys.ts'
import { mailRules } from './mail.ts'
import { nameRules } from './names.ts'
import { propagationRule } from './propagation.ts'
import { serialRule } from './serials.ts'
import { serverRule } from './servers.ts'
import { signatureRules } from './signatures.ts'
import { timerRules } from './timers.ts'
import { repeatedRule } from './transport.ts'
import { zoneRules } from './zones.ts'

/** Faults, not attacks: it runs when it is asked for. */
export default detector({
  id: 'health',
  version: 2,
  title: 'Availability and zone health',
  asks: 'Which servers and zones do not work as they should, as far as the traffic shows?',
  why: 'Every answer that somebody got shows a little of how a server and a zone are set up. Nothing is asked anew: what was never asked for is not judged, and each finding says how many answers it rests on and when the last of them was. With watched names only they and what is below them are looked at. Severities and test ids are those of Zonemaster where it has the test.',
  attack: [],
  parameters: {
    minQueries: {
      type: 'UInt32',
      default: 50,
      help: 'queries that a share of lost or failed ones, or a percentile, needs',
      unit: 'queries',
    },
    maxLoss: {
      type: 'Float64',
      default: 0.05,
      help: 'share of unanswered queries, its lower bound with 95 % confidence',
    },
    maxErrors: {
      type: 'Float64',
      default: 0.05,
      help: 'share of SERVFAIL, REFUSED, FORMERR or NOTIMP in the answers of a server',
    },
    minFailures: {
      type: 'UInt32',
      default: 10,
      help: 'SERVFAIL answers about one zone before it counts as failing',
      unit: 'answers',
    },
    minClients: {
      type: 'UInt32',
      default: 5,
      help: 'clients that must have asked for a missing apex or www of a name that is not watched',
      unit: 'clients',
    },
  },
  rules: [
    serverRule,
    ...zoneRules,
    serialRule,
    propagationRule,
    ...bogusRules,
    ...signatureRules,
    ...keyRules,
    delegationRule,
    operatorRule,
    ...nameRules,
    ...mailRules,
    ...timerRules,
    repeatedRule,
  ],
  points: {
    NOTICE: '30: worth knowing',
    WARNING: '40: hurts sometimes',
    ERROR: '50: hurts often',
    CRITICAL: '80: nothing works',
  },
  benign: [
    'packets that the capture lost, or answers that take another way',
    'a server that limits its answers, or answers by who asks',
    'a sensor whose clock is wrong',
  ],
  next: ['overhear audit {domain}', 'overhear hunt name {name}', 'overhear hunt address {server}'],
  references: [
    'Zonemaster test specifications (severities and test ids)',
    'RFC 1912, RFC 2181, RFC 2182, RFC 2308 (zone configuration)',
    'RFC 8914 (extended DNS errors)',
    'RFC 8624, RFC 9276 (DNSSEC algorithms, NSEC3 parameters)',
    'RFC 9520 (negative caching of resolution failures)',
  ],
})
