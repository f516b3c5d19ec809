// Three ways to keep servers busy: random names below a zone, a resolver that answers strangers, and two servers that answer each other.

import { encodeMessage } from './message.ts'
import { negative } from './names.ts'
import { Office } from './office.ts'
import { Random } from './random.ts'
import { Recording } from './recording.ts'
import { address } from './records.ts'
import { labelled, type SampleFile, span } from './sample.ts'

const nameServer = '203.0.113.53'
const openResolver = '203.0.113.54'
const looping = ['198.51.100.53', '203.0.113.55'] as const

/** floods.pcap.gz and its label. */
export function floods(): SampleFile[] {
  const random = new Random(5)
  const recording = new Recording('2026-03-06T09:00:00Z', random)
  const office = new Office(recording, { clients: 10, upstream: true })
  office.browse(1, 180, 200, 100)
  office.run()
  addRandomNames(recording)
  addStrangers(recording)
  addLoop(recording)
  return labelled('floods.pcap.gz', recording, {
    about:
      'Three minutes at a site with an office and two servers. From 09:00:20, twelve open resolvers ask 203.0.113.53 for 40 random names of example.org a second, fifteen seconds long; 203.0.113.54 looks names up for hosts of twelve unrelated networks; from 09:02:00, 198.51.100.53 and 203.0.113.55 answer each other for five seconds.',
    findings: [
      {
        detector: 'random-subdomains',
        rule: 'random-subdomains/flood',
        subject: { domain: 'example.org', server: nameServer },
        min_score: 50,
      },
      {
        detector: 'open-resolver',
        rule: 'open-resolver/strangers',
        subject: { server: openResolver },
        min_score: 50,
      },
      {
        detector: 'loop',
        rule: 'loop/answers',
        subject: { client: looping[0], server: looping[1] },
        min_score: 50,
      },
    ],
    truth: [
      {
        scenario: 'random subdomains, 40/s',
        kind: 'random-subdomains',
        entity: { domain: 'example.org' },
        ...span(recording, 20, 35),
      },
      {
        scenario: 'open resolver',
        kind: 'open-resolver',
        entity: { server: openResolver },
        ...span(recording, 60, 110.1),
      },
      {
        scenario: 'loop of answers',
        kind: 'loop',
        entity: { client: looping[0], server: looping[1] },
        ...span(recording, 120, 125),
      },
    ],
  })
}

/** Twelve letters that nobody has: each name is asked once, and each is missing. */
function addRandomNames(recording: Recording): void {
  const { random } = recording
  for (let at = 20; at < 35; at += random.between(0.02, 0.03)) {
    const relay = `198.51.100.${101 + random.integer(0, 12)}`
    const name = `${random.text(12, 'abcdefghijklmnopqrstuvwxyz')}.example.org`
    const query = recording.ask(at, relay, nameServer, { name, type: 'A' })
    recording.answer(query, 0.0003, { aa: true, ...negative('example.org', 3) })
  }
}

/** Single hosts of networks that have nothing to do with each other: of the reserved block, since documentation has but three. */
function addStrangers(recording: Recording): void {
  const { random } = recording
  for (let i = 0; i < 36; i++) {
    const stranger = `240.${1 + (i % 12)}.0.7`
    const name = `www.example.${['com', 'net', 'org'][i % 3]}`
    const query = recording.ask(random.between(60, 110), stranger, openResolver, {
      name,
      type: 'A',
    })
    recording.answer(query, 0.02, { ra: true, answers: [address(name, 300, '203.0.113.80')] })
  }
}

/** An error is answered with an error, and so on: one forged question was enough. */
function addLoop(recording: Recording): void {
  const message = encodeMessage({
    id: 4711,
    response: true,
    rd: true,
    ra: true,
    rcode: 1,
    questions: [{ name: 'www.example.net', type: 'A' }],
  })
  for (let i = 0; i < 250; i++) {
    const [from, to] = [looping[i % 2], looping[(i + 1) % 2]]
    recording.datagram(
      120 + i * 0.02,
      { address: from, port: 53 },
      { address: to, port: 53 },
      message,
    )
  }
}
