// Twelve days of a watched domain: ten quiet ones, then its name servers move for an hour, and its mail for twenty minutes.

import type { ResourceRecord, TypeName } from './message.ts'
import { resolver } from './office.ts'
import { Random } from './random.ts'
import { Recording } from './recording.ts'
import { address, mx, nameRecord } from './records.ts'
import { labelled, type SampleFile, span } from './sample.ts'

const day = 86400
const hour = 3600
const hijackFrom = 10 * day + 9 * hour
const hijackUntil = hijackFrom + hour
const mailFrom = 10 * day + 20 * hour
const mailUntil = mailFrom + 1200
const parentServer = '203.0.113.5'
const rogueServer = '203.0.113.77'

/** answer-change.pcap and its label. */
export function answerChange(): SampleFile[] {
  const recording = new Recording('2026-03-01T00:00:00Z', new Random(5))
  for (const at of observationTimes(recording.random)) observe(recording, at)
  const alarm = (rule: string, name: string, type: TypeName) => {
    const subject = { name, type }
    return { detector: 'answer-change' as const, rule, subject, min_score: 50 }
  }
  return labelled('answer-change.pcap', recording, {
    about:
      'example.org for twelve days, asked at a resolver and at its name servers some five times a day. On 11 March from 09:00 to 10:00 its NS set names servers under example.net and mail.example.org has an address there, TTL 60 instead of 3600; from 20:00 to 20:20 its MX is elsewhere. www rotates through four addresses all the time.',
    findings: [
      alarm('answer-change/ns', 'example.org', 'NS'),
      alarm('answer-change/a', 'mail.example.org', 'A'),
      alarm('answer-change/mx', 'example.org', 'MX'),
    ],
    truth: [
      event('delegation hijack', 'example.org', 'NS', hijackFrom, hijackUntil),
      event('mail host moved', 'mail.example.org', 'A', hijackFrom, hijackUntil),
      event('MX moved', 'example.org', 'MX', mailFrom, mailUntil),
    ],
    watch: ['example.org'],
  })

  function event(scenario: string, name: string, type: TypeName, from: number, until: number) {
    const kind = 'answer-change' as const
    return { scenario, kind, entity: { name, type }, ...span(recording, from, until) }
  }
}

/** Five a day, each some minutes off; every few minutes while something is going on. */
function observationTimes(random: Random): number[] {
  const times: number[] = []
  for (let at = hour; at < 12 * day - hour; at += 5 * hour) {
    const jittered = at + random.between(-1500, 1500)
    const near = jittered > hijackFrom - 900 && jittered < hijackUntil + 900
    if (!near && Math.abs(jittered - mailFrom) > 1800) times.push(jittered)
  }
  for (let at = hijackFrom - 1800; at < hijackUntil + 1800; at += 600) times.push(at + 40)
  for (let at = mailFrom - 900; at < mailUntil + 900; at += 300) times.push(at + 20)
  return times.toSorted((a, b) => a - b)
}

/** The parent's referral, then each question at a name server of the moment and at the resolver. */
function observe(recording: Recording, at: number): void {
  const { random } = recording
  const hijacked = at >= hijackFrom && at < hijackUntil
  const nameServers = delegation(hijacked)
  const referral = { name: 'www.example.org', type: 'A' } as const
  const asked = recording.ask(at, resolver, parentServer, referral, { edns })
  recording.answer(asked, 0.021, nameServers)
  const questions: [string, TypeName][] = [
    ['example.org', 'NS'],
    ['example.org', 'MX'],
    ['example.org', 'A'],
    ['mail.example.org', 'A'],
    ['www.example.org', 'A'],
  ]
  questions.forEach(([name, type], order) => {
    const from = at + 0.1 + order * 0.2
    const server = hijacked ? rogueServer : `198.51.100.${random.pick([53, 54])}`
    const answers = zoneData(name, type, at, random)
    const additionals = type === 'NS' ? nameServers.additionals : []
    const upstream = recording.ask(from, resolver, server, { name, type }, { edns })
    recording.answer(upstream, 0.03 + random.between(0, 0.004), { aa: true, answers, additionals })
    const client = `192.0.2.${random.integer(10, 16)}`
    const stub = recording.ask(from + 0.06, client, resolver, { name, type }, { rd: true })
    const aged = answers.map((record) => ({ ...record, ttl: record.ttl - 1 }))
    recording.answer(stub, 0.0005, { ra: true, answers: aged })
  })
}

const edns = { size: 1232, do: true }

function delegation(hijacked: boolean) {
  const zone = hijacked ? 'example.net' : 'example.org'
  const addresses = hijacked ? [rogueServer, rogueServer] : ['198.51.100.53', '198.51.100.54']
  const authorities = [1, 2].map((n) => nameRecord('NS', 'example.org', 86400, `ns${n}.${zone}`))
  const additionals = addresses.map((value, i) => address(`ns${i + 1}.${zone}`, 86400, value))
  return { authorities, additionals }
}

function zoneData(name: string, type: TypeName, at: number, random: Random): ResourceRecord[] {
  const hijacked = at >= hijackFrom && at < hijackUntil
  const mailMoved = at >= mailFrom && at < mailUntil
  if (type === 'NS') {
    const { authorities } = delegation(hijacked)
    return authorities.map((record) => ({ ...record, ttl: hijacked ? 60 : 86400 }))
  }
  if (type === 'MX') {
    return mailMoved
      ? [mx(name, 60, 10, 'mx1.example.com')]
      : [mx(name, 3600, 10, 'mail.example.org')]
  }
  if (name === 'mail.example.org') {
    return [hijacked ? address(name, 60, rogueServer) : address(name, 3600, '198.51.100.25')]
  }
  if (name === 'www.example.org') {
    const first = random.integer(0, 4)
    return [first, (first + 1) % 4].map((n) => address(name, 300, `198.51.100.${80 + n}`))
  }
  return [address(name, 3600, '198.51.100.80')]
}
