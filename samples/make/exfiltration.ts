// A day in which data leaves in names three times: fast for three minutes, slowly for an hour, and hardly at all for twenty hours.

import type { TypeName } from './message.ts'
import { Office } from './office.ts'
import { base32Digits, hexDigits, Random } from './random.ts'
import { Recording } from './recording.ts'
import { nameRecord, txt } from './records.ts'
import { labelled, type SampleFile, span } from './sample.ts'

const hour = 3600
const tunnelFrom = 14 * hour + 600
const tunnelUntil = tunnelFrom + 180
const dripFrom = 10 * hour + 300
const dripUntil = 10 * hour + 3300
const slowFrom = 2 * hour
const slowUntil = 22 * hour
const tunnelClient = '192.0.2.66'
const dripClient = '192.0.2.71'
const slowClient = '192.0.2.72'

/** exfiltration.pcap and its label. */
export function exfiltration(): SampleFile[] {
  const random = new Random(2)
  const recording = new Recording('2026-03-03T00:00:00Z', random)
  const office = new Office(recording, { clients: 12, upstream: false })
  office.browse(10, 24 * hour - 10, 340, 120)
  office.clients.push(dripClient, slowClient, tunnelClient)
  office.browse(8 * hour, 18 * hour, 120, 120)
  addTunnel(office, random)
  addDrip(office, random)
  addSlowDrip(office, random)
  office.run()
  return labelled('exfiltration.pcap', recording, {
    about:
      'A day seen between clients and resolver. From 14:10 an interactive tunnel (TXT and CNAME, base32, about 45 B/s for three minutes); from 10:05 a drip of 0.6 B/s for 50 minutes (A, hex); from 02:00 to 22:00 one of 0.042 B/s (A, base32), too slow for the one-hour rule.',
    findings: [
      finding('exfiltration/volume-1h', tunnelClient, 'example.org'),
      finding('exfiltration/volume-1h', dripClient, 'example.net'),
      finding('exfiltration/volume-24h', slowClient, 'example.com'),
    ],
    truth: [
      leak('shell tunnel', tunnelClient, 'example.org', tunnelFrom, tunnelUntil, 45),
      leak('drip, 0.6 B/s', dripClient, 'example.net', dripFrom, dripUntil, 0.6),
      leak('drip, 0.042 B/s', slowClient, 'example.com', slowFrom, slowUntil, 0.042),
    ],
  })

  function leak(
    scenario: string,
    client: string,
    domain: string,
    from: number,
    until: number,
    rate: number,
  ) {
    const kind = 'exfiltration' as const
    return { scenario, kind, entity: { client, domain }, ...span(recording, from, until), rate }
  }
}

function finding(rule: string, client: string, domain: string) {
  const subject = { client, domain }
  return { detector: 'exfiltration' as const, rule, subject, min_score: 50 }
}

/** A shell over DNS: polls, and now and then a screenful of answers; each name is new. */
function addTunnel(office: Office, random: Random): void {
  office.serve('example.org', (name, type) => {
    const down = random.text(random.integer(16, 70), base32Digits)
    if (type === 'TXT') return { answers: [txt(name, 0, down)] }
    return { answers: [nameRecord('CNAME', name, 0, `${down.slice(0, 50)}.t.example.org`)] }
  })
  let sequence = random.integer(0, 65536)
  for (let at = tunnelFrom; at < tunnelUntil; at += random.between(0.4, 0.9)) {
    const head = (sequence++ & 0xffff).toString(16).padStart(4, '0')
    const busy = random.chance(0.5)
    const data = random.text(busy ? 56 : 12, base32Digits)
    const labels = busy ? `${data}.${random.text(20, base32Digits)}` : data
    const type: TypeName = random.chance(0.6) ? 'TXT' : 'CNAME'
    const now = at
    office.at(now, () => office.lookUp(now, tunnelClient, `${head}${labels}.t.example.org`, type))
  }
}

/** Eleven octets each 18 seconds or so, as 22 hex digits; every answer is the same harmless address. */
function addDrip(office: Office, random: Random): void {
  for (let at = dripFrom; at < dripUntil; at += random.between(14, 22.5)) {
    const name = `${random.text(22, hexDigits)}.drip.example.net`
    const now = at
    office.at(now, () => office.lookUp(now, dripClient, name, 'A'))
  }
}

/** Fifteen octets each six minutes, as 24 base32 digits: about 3 kB in twenty hours. */
function addSlowDrip(office: Office, random: Random): void {
  for (let at = slowFrom; at < slowUntil; at += random.between(330, 390)) {
    const name = `${random.text(24, base32Digits)}.cdn.example.com`
    const now = at
    office.at(now, () => office.lookUp(now, slowClient, name, 'A'))
  }
}
