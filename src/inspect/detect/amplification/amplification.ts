// Reflection amplification from both ends: a server of ours that is made to answer a victim, and a host that gets answers it never asked for.

import { reflector } from './reflector.ts'
import { victim } from './victim.ts'
import { detector } from '../detector.ts'

/** Small questions with a forged sender, large answers to the victim. */
export default detector({
  id: 'amplification',
  version: 2,
  title: 'Reflection amplification',
  asks: 'Is a server made to flood a victim with answers, or a host flooded with answers it never asked for?',
  why: 'A real resolver keeps an answer for its TTL, fetches a truncated one over TCP, and asks before it is answered. A forged sender does none of this: the same question comes again inside the TTL, truncation is ignored, and at the other end answers arrive without any question. Answers of five times the size of the question are above 99 % of ordinary traffic. ICMP port unreachable from the victim would prove the forgery, but is not stored: look for it in the capture.',
  attack: ['T1498.002'],
  parameters: {
    minQueries: {
      type: 'UInt32',
      default: 100,
      help: 'reflector: queries for one /24 or /56 within a minute',
      unit: 'queries',
    },
    minFactor: {
      type: 'Float64',
      default: 5,
      help: 'reflector: bytes answered for each byte asked, as DNS messages',
    },
    minShare: {
      type: 'Float64',
      default: 0.8,
      help: 'reflector: share of questions repeated inside their TTL, or of truncated answers never fetched over TCP',
    },
    minAnswers: {
      type: 'UInt32',
      default: 50,
      help: 'victim: answers nobody asked for within ten seconds',
      unit: 'answers',
    },
    minServers: {
      type: 'UInt32',
      default: 10,
      help: 'victim: servers they come from, unless they are large (512 bytes on average)',
      unit: 'servers',
    },
    minUnasked: {
      type: 'Float64',
      default: 0.9,
      help: 'victim: their share of all answers to this host',
    },
    minFloodBytes: {
      type: 'UInt64',
      default: 1_000_000,
      help: 'victim: bytes within ten seconds that are a flood from any number of servers',
      unit: 'bytes',
    },
  },
  rules: [reflector, victim],
  points: {
    'repeated inside the TTL': '30: the sender never heard the answer',
    'truncation ignored': '30, unless repeats have counted already: nobody came back over TCP',
    'one sender behind a network':
      '30: 50 addresses or more, one IP TTL, one question of an amplifying type',
    'one sender behind many addresses': '10: several addresses, one IP TTL',
    'answers from many servers': '30: nobody asked for them',
    'the same large answers again':
      '30: ten questions make nine of ten unasked answers, 512 bytes or more each',
    'flood volume': '20, or 30 where it is the only reason: a megabyte within ten seconds',
    'amplification factor': '5 from 5 times, 10 from 10 times, 20 from 30 times',
    'amplifying types': '15: ANY, DNSKEY, RRSIG or TXT in four of five',
    'one question': '15: nine of ten at a reflector, half at a victim',
    'few questions': '10: ten questions make nine of ten',
    'aimed at a service port':
      '15: half of the queries claim a port below 1024, which no resolver asks from',
    'large answers': '10: 512 bytes on average',
    'high rate': '30: a megabit a second to one network',
    'other hosts are paired': '15: both directions are known to be captured',
    slow: '-25: fewer than five queries a second, as monitors ask',
    'many different questions':
      '-80: the ten asked most are less than half, as in a crowd behind one address',
    'truncated answers are fetched': '-60: over TCP, which nobody can do in another name',
    'server cookies come back': '-60: only somebody who gets the answers knows them',
    'direction unknown': '-30: too few hosts to tell, and no question stands out',
  },
  benign: [
    'a forwarder without a cache, or a load test, behind one address: ask its owner',
    'monitoring that asks for a large record many times a second',
    'a mail gateway without a cache that looks up the same TXT records for each message',
    'a capture that sees answers only: check the note on directions',
  ],
  next: [
    'overhear hunt address {victim}',
    'overhear hunt address {server}',
    'overhear hunt name {name}',
    "tcpdump -nr CAPTURE 'icmp[0] = 3 and net {victim}'",
  ],
  references: [
    'US-CERT TA14-017A (amplification factors)',
    'Rossow, Amplification Hell, NDSS 2014',
    'RFC 8482 (minimal answers to ANY)',
    'RFC 5358 (BCP 140)',
  ],
})
