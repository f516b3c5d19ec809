// An hour of an ordinary office: everything that looks odd and is not, so that no detector may speak.

import { addressBytes, arpRequest, ethernet, udpPacket } from './frame.ts'
import type { TypeName } from './message.ts'
import { digest, negative } from './names.ts'
import { Office, resolver } from './office.ts'
import { addBackground } from './quiet-background.ts'
import { base36Digits, hexDigits, Random } from './random.ts'
import { Recording } from './recording.ts'
import { address, dnskey, nameRecord, rrsig, srv, txt } from './records.ts'
import { labelled, type SampleFile } from './sample.ts'

const hour = 3600
const mailGateway = '192.0.2.25'
const scanner = '192.0.2.30'
const monitor = '192.0.2.31'

/** quiet-hour.pcap.gz and its label. */
export function quietHour(): SampleFile[] {
  const random = new Random(1)
  const recording = new Recording('2026-03-02T09:00:00Z', random)
  const office = new Office(recording, { clients: 30, upstream: true })
  office.browse(5, hour - 10, 1050)
  addMissingNames(office, random)
  addMail(office, random)
  addReputation(office, random)
  addReverse(office, random)
  addServices(office, random)
  addContentHosts(office, random)
  addSigned(office, random)
  addMixedCase(office, random)
  addTruncated(office, recording)
  for (let at = 3; at < hour; at += 10) {
    office.at(at, () => office.lookUp(at, monitor, 'amber-birch.example', 'SOA'))
  }
  office.run()
  addBackground(recording)
  addOtherTraffic(recording)
  return labelled('quiet-hour.pcap.gz', recording, {
    about:
      'An hour of ordinary office traffic, client side and upstream: 30 clients, mail, reputation look-ups, reverse sweeps, service discovery, signed zones, truncation, loss and repetition. Nothing may be found.',
    findings: [],
    benign: true,
  })
}

/** Typing errors, a search list that is tried in vain, and a zone whose server is down. */
function addMissingNames(office: Office, random: Random): void {
  office.serve('office.example', (name) => negative(name, 3))
  office.serve('broken.example', () => ({ rcode: 2 }))
  const missing = ['wpad', 'isatap', 'print', 'intranet', 'fileserver', 'proxy']
  for (let i = 0; i < 160; i++) {
    const at = random.between(5, hour - 10)
    const client = random.pick(office.clients)
    const name = `${random.pick(missing)}.office.example`
    office.at(at, () => office.lookUp(at, client, name, random.chance(0.7) ? 'A' : 'AAAA'))
  }
  for (let i = 0; i < 14; i++) {
    const at = random.between(5, hour - 10)
    office.at(at, () => office.lookUp(at, random.pick(office.clients), 'www.broken.example', 'A'))
  }
}

/** A burst of mail: exchangers, sender policies, keys, and one look-up in a block list for each sender. */
function addMail(office: Office, random: Random): void {
  office.serve('example.net', (name) => {
    if (!name.endsWith('.bl.example.net'))
      return { answers: [address(name, 3600, '198.51.100.25')] }
    return digest(name) % 3 === 0
      ? { answers: [address(name, 300, '127.0.0.2')] }
      : negative(name, 3)
  })
  office.serve('example.com', (name, type) => {
    if (type !== 'TXT') return negative(name)
    const key = `v=DKIM1; k=rsa; p=${new Random(digest(name)).text(216, base36Digits)}`
    const text = name.includes('_domainkey') ? key : 'v=DMARC1; p=reject; rua=mailto:d@example.com'
    return { answers: [txt(name, 3600, text)] }
  })
  for (let i = 0; i < 110; i++) {
    const at = 1500 + i * 1.3 + random.next()
    const sender = `${random.pick(['198.51.100', '203.0.113'])}.${random.integer(1, 255)}`
    const domain = `${random.pick(['amber', 'cedar', 'lumen', 'slate'])}-${random.pick(['pine', 'river', 'north'])}.example`
    const questions: [string, TypeName][] = [
      [`${sender.split('.').toReversed().join('.')}.bl.example.net`, 'A'],
      [domain, 'MX'],
      [domain, 'TXT'],
      [`_dmarc.${random.pick(['sales', 'news', 'hr'])}.example.com`, 'TXT'],
      [`s${random.integer(1, 9)}._domainkey.example.com`, 'TXT'],
    ]
    questions.forEach(([name, type], order) => {
      office.at(at + order * 0.05, () => office.lookUp(at + order * 0.05, mailGateway, name, type))
    })
  }
}

/** A virus scanner asks for hashes of files: full random digits, but few of them. */
function addReputation(office: Office, random: Random): void {
  office.serve('reputation.example', (name) => ({ answers: [address(name, 3600, '127.0.0.4')] }))
  for (let i = 0; i < 36; i++) {
    const at = random.between(5, hour - 10)
    const name = `${random.text(32, hexDigits)}.avqs.reputation.example`
    office.at(at, () => office.lookUp(at, scanner, name, 'A'))
  }
}

/** An inventory run over the office's own network, and single look-ups of IPv6 addresses. */
function addReverse(office: Office, random: Random): void {
  const reverse = (name: string) =>
    digest(name) % 3 === 0
      ? { answers: [nameRecord('PTR', name, 3600, `host-${digest(name) % 255}.example.org`)] }
      : negative(name, 3)
  office.serve('2.0.192.in-addr.arpa', reverse)
  office.serve('1.0.0.2.ip6.arpa', reverse)
  for (let last = 1; last < 255; last++) {
    const at = 2400 + last * 0.3
    office.at(at, () => office.lookUp(at, monitor, `${last}.2.0.192.in-addr.arpa`, 'PTR'))
  }
  for (let i = 0; i < 25; i++) {
    const at = random.between(5, hour - 10)
    const octets = addressBytes(`2001:db8:1::${random.integer(16, 60).toString(16)}`)
    const nibbles = Buffer.from(octets).toString('hex').split('').toReversed().join('.')
    office.at(at, () => office.lookUp(at, monitor, `${nibbles}.ip6.arpa`, 'PTR'))
  }
}

/** Service discovery in a zone. */
function addServices(office: Office, random: Random): void {
  const services = ['_ldap._tcp', '_kerberos._udp', '_sip._tcp', '_imaps._tcp', '_xmpp-client._tcp']
  office.serve('example.org', (name, type) =>
    type === 'SRV'
      ? {
          answers: [srv(name, 600, 389, 'dc1.example.org'), srv(name, 600, 389, 'dc2.example.org')],
        }
      : { answers: [address(name, 600, '192.0.2.40')] },
  )
  for (let i = 0; i < 120; i++) {
    const at = random.between(5, hour - 10)
    const name = `${random.pick(services)}.example.org`
    office.at(at, () => office.lookUp(at, random.pick(office.clients), name, 'SRV'))
  }
}

/** Hosts of a content network asked for by their hash-like names. */
function addContentHosts(office: Office, random: Random): void {
  const pool = Array.from(
    { length: 44 },
    () => `${random.text(14, base36Digits)}.cdn-assets.example`,
  )
  for (let i = 0; i < 300; i++) {
    const at = random.between(5, hour - 10)
    office.at(at, () => office.lookUp(at, random.pick(office.clients), random.pick(pool), 'A'))
  }
}

/** A validating client: big key sets and signed text. */
function addSigned(office: Office, random: Random): void {
  const start = Date.parse('2026-03-01T00:00:00Z') / 1000
  for (const zone of ['signed.test', 'secure.test', 'keys.test']) {
    const keys = [
      dnskey(random, zone, 3600, 257, 2048),
      dnskey(random, zone, 3600, 256, 2048),
      rrsig(random, zone, 3600, 'DNSKEY', start),
    ]
    const text = txt(zone, 600, 'v=spf1 -all', random.text(240, base36Digits))
    office.serve(zone, (_, type) => ({ answers: type === 'DNSKEY' ? keys : [text] }))
    for (let i = 0; i < 6; i++) {
      const at = random.between(5, hour - 10)
      const edns = { size: 4096, do: true }
      const type = random.chance(0.5) ? 'DNSKEY' : 'TXT'
      office.at(at, () => office.lookUp(at, '192.0.2.20', zone, type, { edns, cd: true }))
    }
  }
}

/** A client that mixes the case of its questions to make them hard to forge. */
function addMixedCase(office: Office, random: Random): void {
  const names = ['www.amber-cedar.example', 'mail.pine-river.example', 'login.slate-onyx.example']
  for (let i = 0; i < 60; i++) {
    const at = random.between(5, hour - 10)
    const name = Array.from(random.pick(names), (letter) =>
      random.chance(0.5) ? letter.toUpperCase() : letter,
    ).join('')
    office.at(at, () => office.lookUp(at, '192.0.2.41', name, 'A'))
  }
}

/** Answers too long for the client's datagram: cut, then asked for again over TCP. */
function addTruncated(office: Office, recording: Recording): void {
  const { random } = recording
  const strings = Array.from({ length: 9 }, () => random.text(220, base36Digits))
  for (let i = 0; i < 12; i++) {
    const at = random.between(5, hour - 10)
    const client = random.pick(office.clients.filter((one) => !one.includes(':')))
    const question = { name: 'policy.maple-grove.example', type: 'TXT' } as const
    const query = recording.ask(at, client, resolver, question, { rd: true })
    recording.answer(query, 0.0005, { ra: true, tc: true })
    const answers = [txt(question.name, 300, ...strings)]
    recording.overTcp(query, at + 0.001, { ra: true, answers })
  }
}

/** What a mirrored port shows beside DNS. */
function addOtherTraffic(recording: Recording): void {
  for (let at = 20; at < hour; at += 61) {
    recording.frame(at, arpRequest('192.0.2.10', `192.0.2.${1 + (at % 200)}`))
    const clock = { address: '203.0.113.123', port: 123 }
    const client = { address: `192.0.2.${10 + (at % 20)}`, port: 123 }
    const request = Buffer.concat([Buffer.from([0x23]), Buffer.alloc(47)])
    const packet = udpPacket(client, clock, request, { ttl: 64, id: at })
    recording.frame(at + 0.5, ethernet(packet))
  }
}
