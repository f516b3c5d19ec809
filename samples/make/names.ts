// The made-up world that ordinary traffic asks about: domains, their hosts, and what their servers answer.

import type { ResourceRecord, TypeName } from './message.ts'
import { base36Digits, Random } from './random.ts'
import { address, https, mx, nameRecord, soa, txt } from './records.ts'

/** What a name server says to a question. */
export interface Answer {
  rcode?: number
  answers?: ResourceRecord[]
  authorities?: ResourceRecord[]
}

const words =
  'amber birch cedar delta ember fjord grove harbor iris juniper kestrel lumen maple north onyx pine quartz river slate tidal umber violet willow yarrow'.split(
    ' ',
  )
const hosts = ['www', '', 'www', 'api', 'mail', 'static', 'login', 'img', 'docs', 'news']

/** `count` host names, most popular first: some ten hosts in each of many domains under .example. */
export function popularNames(random: Random, count: number): string[] {
  const seen = new Set<string>()
  while (seen.size < count) {
    const domain = `${random.pick(words)}-${random.pick(words)}.example`
    const host = random.pick(hosts)
    seen.add(host === '' ? domain : `${host}.${domain}`)
  }
  return [...seen]
}

/** Customers' hosts at a content network: labels that look like hashes, few enough to carry little. */
export const contentHosts = Array.from(
  { length: 60 },
  (_, i) => `d${new Random(7000 + i).text(12, base36Digits)}.edge-content.example`,
)

/** The last two labels: all that the samples delegate. */
export function zoneOf(name: string): string {
  const labels = name.toLowerCase().split('.')
  return labels.at(-1) === 'arpa' ? labels.slice(-5).join('.') : labels.slice(-2).join('.')
}

/** The address of the zone's name server. */
export function serverOf(zone: string): string {
  return `203.0.113.${1 + (digest(zone) % 50)}`
}

/** "No such data" with the zone's SOA, and "no such name" with `rcode` 3. */
export function negative(name: string, rcode = 0): Answer {
  const zone = zoneOf(name)
  return { rcode, authorities: [soa(zone, 300, 2026030200 + (digest(zone) % 90))] }
}

/** What an ordinary zone answers at this time (seconds); the same question gets the same answer, but for content networks. */
export function ordinaryAnswer(name: string, type: TypeName, at: number): Answer {
  const key = digest(name.toLowerCase())
  if (name.endsWith('.edge-content.example')) return contentAnswer(name, type, at)
  if (name.startsWith('www.') && key % 4 === 0 && (type === 'A' || type === 'AAAA')) {
    const target = contentHosts[key % contentHosts.length]
    const { answers = [], ...rest } = contentAnswer(target, type, at)
    return { ...rest, answers: [nameRecord('CNAME', name, 600, target), ...answers] }
  }
  const ttl = [60, 300, 300, 3600, 86400][key % 5]
  const hint = `198.51.100.${1 + (key % 120)}`
  if (type === 'A') {
    const second = key % 3 === 0 ? [address(name, ttl, `198.51.100.${121 - (key % 60)}`)] : []
    return { answers: [address(name, ttl, hint), ...second] }
  }
  if (type === 'AAAA' && key % 2 === 1) {
    return { answers: [address(name, ttl, `2001:db8:${(key % 4095).toString(16)}::80`)] }
  }
  if (type === 'HTTPS' && key % 3 === 0) return { answers: [https(name, 300, hint)] }
  if (type === 'MX') {
    return { answers: [mx(name, 3600, 10, `mail.${name}`), mx(name, 3600, 20, 'mx.example.net')] }
  }
  if (type === 'TXT') {
    const policy = 'v=spf1 ip4:198.51.100.0/25 include:_spf.example.net -all'
    return { answers: [txt(name, 3600, policy)] }
  }
  if (type === 'SOA') return { answers: [soa(name, 3600, 2026030200 + (key % 90))] }
  return negative(name)
}

/** Two of sixteen addresses in one prefix, others each half minute. */
function contentAnswer(name: string, type: TypeName, at: number): Answer {
  if (type !== 'A' && type !== 'AAAA') return negative(name)
  const turn = digest(name) + Math.floor(at / 30) * 5
  const prefix = type === 'A' ? '198.51.100.' : '2001:db8:ed6e::'
  const hostPart = (n: number): string =>
    type === 'A' ? `${128 + (n % 16)}` : (n % 16).toString(16)
  return { answers: [0, 7].map((step) => address(name, 30, prefix + hostPart(turn + step))) }
}

/** A small number that depends on the text alone (FNV-1a). */
export function digest(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash >>> 1
}
