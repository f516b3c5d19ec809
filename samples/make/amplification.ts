// Reflection seen from both ends: our name server is made to answer to a victim, and a host of ours gets answers it never asked for.

import { encodeMessage, type ResourceRecord, type TypeName } from './message.ts'
import { Office } from './office.ts'
import { base36Digits, Random } from './random.ts'
import { Recording } from './recording.ts'
import { address, dnskey, mx, nameRecord, rrsig, soa, txt } from './records.ts'
import { labelled, type SampleFile, span } from './sample.ts'

const nameServer = '203.0.113.53'
const spoofed = '198.51.100.99'
const flooded = '192.0.2.99'
const reflected = [10, 40] as const
const flood = [190, 210] as const

/** amplification.pcap.gz and its label. */
export function amplification(): SampleFile[] {
  const random = new Random(3)
  const recording = new Recording('2026-03-04T12:00:00Z', random)
  const office = new Office(recording, { clients: 10, upstream: true })
  office.browse(1, 285, 260, 100)
  office.run()
  const zone = bigZone(random)
  addResolvers(recording, zone)
  addReflection(recording, zone)
  addFlood(recording, zone)
  return labelled('amplification.pcap.gz', recording, {
    about:
      'Five minutes at a site with an office and a name server, on links that carry 9,000-byte packets. From 12:00:10, thirty seconds of spoofed queries make 203.0.113.53 send about 3 kB each to 198.51.100.99; from 12:03:10, forty open resolvers flood 192.0.2.99 with answers to questions it never asked.',
    findings: [
      {
        detector: 'amplification',
        rule: 'amplification/reflector',
        subject: { server: nameServer, victim: spoofed },
        min_score: 50,
      },
      {
        detector: 'amplification',
        rule: 'amplification/victim',
        subject: { victim: flooded },
        min_score: 50,
      },
    ],
    truth: [
      {
        scenario: 'reflector, 25/s',
        kind: 'amplification',
        entity: { server: nameServer, victim: spoofed },
        ...span(recording, ...reflected),
      },
      {
        scenario: 'victim, 40/s',
        kind: 'amplification',
        entity: { victim: flooded },
        ...span(recording, ...flood),
      },
    ],
  })
}

/** All that a signed zone has at its apex: some 3 kB. */
function bigZone(random: Random): ResourceRecord[] {
  const zone = 'example.org'
  const inception = Date.parse('2026-02-20T00:00:00Z') / 1000
  return [
    soa(zone, 3600, 2026022000),
    nameRecord('NS', zone, 86400, 'ns1.example.org'),
    mx(zone, 3600, 10, 'mail.example.org'),
    txt(zone, 3600, 'v=spf1 mx -all', ...[1, 2].map(() => random.text(250, base36Digits))),
    address(zone, 3600, '203.0.113.80'),
    dnskey(random, zone, 3600, 257, 2048),
    dnskey(random, zone, 3600, 256, 2048),
    dnskey(random, zone, 3600, 256, 2048),
    ...(['SOA', 'NS', 'MX', 'TXT', 'A'] as const).map((type) =>
      rrsig(random, zone, 3600, type, inception),
    ),
  ]
}

function ofType(zone: ResourceRecord[], type: TypeName): ResourceRecord[] {
  return type === 'ANY' ? zone : zone.filter((record) => record.type === type)
}

/** Honest resolvers ask our name server what resolvers ask. */
function addResolvers(recording: Recording, zone: ResourceRecord[]): void {
  const { random } = recording
  for (let i = 0; i < 160; i++) {
    const resolver = `203.0.113.${200 + (i % 8)}`
    const type = random.pick(['A', 'MX', 'NS', 'SOA', 'A'] as const)
    const question = { name: 'example.org', type }
    const edns = { size: 1232, do: true }
    const query = recording.ask(random.between(1, 285), resolver, nameServer, question, { edns })
    recording.answer(query, 0.0004, { aa: true, answers: ofType(zone, type) })
  }
}

/** 25 queries a second with one sender's marks: one TTL, one question, no follow-up of any kind. */
function addReflection(recording: Recording, zone: ResourceRecord[]): void {
  const { random } = recording
  for (let at = reflected[0]; at < reflected[1]; at += random.between(0.03, 0.05)) {
    const draw = random.next()
    const type = draw < 0.94 ? 'ANY' : draw < 0.97 ? 'DNSKEY' : 'TXT'
    const question = { name: 'example.org', type } as const
    const edns = { size: 8192, do: true }
    const query = recording.ask(at, spoofed, nameServer, question, { rd: true, edns })
    recording.answer(query, 0.0003, { aa: true, answers: ofType(zone, type) })
  }
}

/** Answers from forty resolvers that somebody else asked in our host's name. */
function addFlood(recording: Recording, zone: ResourceRecord[]): void {
  const { random } = recording
  for (let at = flood[0]; at < flood[1]; at += random.between(0.015, 0.035)) {
    const resolver = random.integer(0, 40)
    const source = `${resolver < 20 ? '198.51.100' : '203.0.113'}.${100 + resolver}`
    const to = { address: flooded, port: random.integer(1024, 65536) }
    const message = encodeMessage({
      id: random.integer(0, 65536),
      response: true,
      rd: true,
      ra: true,
      questions: [{ name: 'example.org', type: 'ANY' }],
      answers: zone,
      edns: { size: 4096, do: true },
    })
    recording.datagram(at, { address: source, port: 53 }, to, message)
  }
}
