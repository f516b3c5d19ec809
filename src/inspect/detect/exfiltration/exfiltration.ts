// Data leaving in names and coming in answers: how many compressed bytes of never-repeated text went between a client and a domain.

import { type Bench, detector, type Rule } from '../detector.ts'
import { idleBeacon, longNames } from './hints.ts'
import { type Candidate, domainSql, listedSql, serverSql, unlistedSql } from './candidates.ts'
import { reply } from './reply.ts'
import type { Key } from './series.ts'
import { judgeVolume } from './volume.ts'

/** Data in names that leaves through any resolver, however the network is walled off. */
export default detector({
  id: 'exfiltration',
  version: 2,
  title: 'Data leaving in DNS names',
  asks: 'Does a client send more never-repeated text under one domain than names need?',
  why: 'Whatever the encoding, what leaves has to be in names that were not asked before. The compressed size of the distinct subdomains of a client and domain bounds it from above: among a million ordinary queries the busiest hour held 472 bytes, and the busiest day 922. Windows of an hour, a day and 30 days slide over packet time, so that a drip is never cut in two. Where the suffix of a name is not a public one, or a client asks a server of its own, the domain itself may be data, so names are counted for each client and server.',
  attack: ['T1048.003', 'T1071.004', 'T1572', 'T1132.001'],
  parameters: {
    minBytes: {
      type: 'UInt32',
      default: 960,
      help: 'compressed bytes of distinct subdomains within one hour',
      unit: 'bytes',
    },
    minBytesDay: {
      type: 'UInt32',
      default: 1900,
      help: 'compressed bytes of distinct subdomains within 24 hours',
      unit: 'bytes',
    },
    minBytesMonth: {
      type: 'UInt32',
      default: 7600,
      help: 'compressed bytes of distinct subdomains within 30 days, from one or two clients on three days or more',
      unit: 'bytes',
    },
    minBytesDomain: {
      type: 'UInt32',
      default: 8192,
      help: 'compressed bytes of distinct subdomains within 24 hours from all clients of a domain first seen within 30 days',
      unit: 'bytes',
    },
    minNames: {
      type: 'UInt32',
      default: 8,
      help: 'distinct subdomains within an hour or 24 hours',
      unit: 'names',
    },
    minNamesMonth: {
      type: 'UInt32',
      default: 40,
      help: 'distinct subdomains within 30 days, or from all clients',
      unit: 'names',
    },
    minReplyBytes: {
      type: 'UInt32',
      default: 16_384,
      help: 'distinct bytes of record data that came back within 24 hours in types other than A',
      unit: 'bytes',
    },
    minReplyNames: {
      type: 'UInt32',
      default: 20,
      help: 'distinct names asked to get them',
      unit: 'names',
    },
  },
  rules: [
    volumeRule('volume', 'domain', listedSql),
    volumeRule('volume-suffix', 'suffix', unlistedSql),
    { ...volumeRule('server', 'server', serverSql), family: 'server' },
    {
      ...volumeRule('domain', 'everyone', domainSql),
      title: 'Data leaving in DNS names, from several clients',
      family: 'domain',
    },
    reply,
    idleBeacon,
    longNames,
  ],
  points: {
    'bytes over the threshold': '30, and 10 for each doubling, 60 at most',
    'bytes returned': '30, and 5 for each doubling over the threshold, 45 at most',
    'rare query types': '15: NULL, KEY, unassigned and the like in half of the queries',
    'encoded alphabet': '10: letters used as evenly as an encoder does',
    'few clients ask this domain': '10: one or two',
    'most clients ask this domain': '-30: half of them or more',
    'domain is new': '10: first seen within 7 days, in a store that goes back 14 days more',
    'domain is old': '-10: first seen 30 days before or earlier',
    'server of its own': '15: not asked of a server that others ask, though there is one',
    'data comes back': '10: answers hold half as many bytes or more',
    'answers are not cached': '5: TTL of 1 s or less in most answers',
    'known service': '-60: form of the names, or zone, of a known service',
    'answers of a beacon': '20: a constant address that means nothing, never cached',
    'long names': '10: a label of 52 characters or 100 in all',
  },
  benign: [
    'file and mail reputation look-ups, which put hashes and addresses into names',
    'content delivery, telemetry and advertising names with one-time labels',
    'a monitor or crawler that asks for every host of a large domain',
  ],
  next: ['overhear hunt domain {domain}', 'overhear hunt client {client}'],
  references: [
    'Paxson et al., Practical Comprehensive Bounds on Surreptitious Communication over DNS, USENIX Security 2013',
    'RFC 1035 section 2.3.4 (255 octets of name)',
  ],
})

function volumeRule(id: string, key: Key, sql: string): Rule {
  return {
    id,
    title: 'Data leaving in DNS names',
    family: 'volume',
    subject: 'client = {client:IPv6} AND server = {server:IPv6} AND zone = {zone:String}',
    sql,
    judge: (rows: Candidate[], bench: Bench) => judgeVolume(key, rows, bench),
  }
}
