// Clients that look up a resolver of encrypted DNS or a private relay: what they ask afterwards is not seen here.

import { plainAddress } from '../../dns/address.ts'
import { detector, type Draft, inWindow } from './detector.ts'
import { count } from './evidence.ts'

/**
 * Host names that clients look up before they speak DNS over TLS, HTTPS or QUIC, by provider: as their own documentation and the lists of
 * browsers name them. The last group are questions whether to do so.
 */
const names: Readonly<Record<string, readonly string[]>> = {
  Google: ['dns.google', 'dns.google.com', 'dns64.dns.google', '8888.google'],
  Cloudflare: [
    'cloudflare-dns.com',
    'mozilla.cloudflare-dns.com',
    'chrome.cloudflare-dns.com',
    'security.cloudflare-dns.com',
    'family.cloudflare-dns.com',
    'one.one.one.one',
    '1dot1dot1dot1.cloudflare-dns.com',
  ],
  Quad9: ['dns.quad9.net', 'dns9.quad9.net', 'dns10.quad9.net', 'dns11.quad9.net'],
  Cisco: ['doh.opendns.com', 'dns.opendns.com', 'doh.familyshield.opendns.com', 'dns.umbrella.com'],
  AdGuard: [
    'dns.adguard-dns.com',
    'dns.adguard.com',
    'family.adguard-dns.com',
    'unfiltered.adguard-dns.com',
  ],
  NextDNS: ['dns.nextdns.io', 'firefox.dns.nextdns.io', 'chromium.dns.nextdns.io'],
  Apple: ['doh.dns.apple.com', 'mask.icloud.com', 'mask-h2.icloud.com', 'mask-api.icloud.com'],
  CleanBrowsing: ['doh.cleanbrowsing.org', 'family-filter-dns.cleanbrowsing.org'],
  ControlD: ['dns.controld.com', 'freedns.controld.com'],
  Mullvad: ['dns.mullvad.net', 'adblock.dns.mullvad.net', 'base.dns.mullvad.net'],
  'DNS.SB': ['doh.dns.sb', 'dns.sb', 'dot.sb'],
  DNS0: ['dns0.eu', 'zero.dns0.eu', 'kids.dns0.eu'],
  Alibaba: ['dns.alidns.com'],
  Tencent: ['doh.pub', 'dot.pub'],
  'Qihoo 360': ['doh.360.cn', 'dot.360.cn'],
  Comcast: ['doh.xfinity.com'],
  LibreDNS: ['doh.libredns.gr', 'dot.libredns.gr'],
  'Internet Initiative Japan': ['public.dns.iij.jp'],
}

/** Firefox asks the first to learn whether DNS over HTTPS is unwanted, others the second for encrypted ways to their own resolver (RFC 9462). */
const questions = ['use-application-dns.net', '_dns.resolver.arpa']

const providers = new Map(
  Object.entries(names).flatMap(([provider, hosts]) => hosts.map((host) => [host, provider])),
)

const list = [...providers.keys()].map((name) => `'${name}'`).join(', ')

/** A hint for the reader of other findings: silence of this client does not mean that it asks nothing. */
export default detector({
  id: 'encrypted-dns',
  version: 1,
  title: 'May use encrypted DNS, which is not seen here',
  asks: 'Does a client look up a resolver that it can ask without being seen?',
  why: 'A client that speaks DNS over TLS, HTTPS or QUIC mostly looks up the host name of its resolver in plain DNS first. What it asks there is not in this store.',
  attack: ['T1071.001', 'T1572'],
  parameters: {},
  rules: [
    {
      id: 'bootstrap',
      title: 'May use encrypted DNS, which is not seen here',
      isHint: true,
      subject: 'client = {client:IPv6}',
      sql: `SELECT client, groupUniqArray(50)(qname) AS names, toString(min(ts)) AS first, toString(max(ts)) AS last, count() AS looked_up,
    countIf(has(rr.section, 'answer')) AS answered, (
      SELECT groupUniqArray(10000)(client) FROM transactions
      WHERE ${inWindow} AND qname IN (${questions.map((name) => `'${name}'`).join(', ')})
    ) AS asked_first, has(asked_first, client) AS asks_first
  FROM transactions
  WHERE ${inWindow} AND attempts > 0 AND qname IN (${list})
  GROUP BY client
  ORDER BY looked_up DESC, client
  LIMIT 1000`,
      judge: (rows: BootstrapRow[]) => rows.map(draftOf),
    },
  ],
  points: { 'resolver of encrypted DNS': '10: its name was looked up' },
  benign: [
    'browsers and telephones that use it by default',
    'a person who reads the web page of such a service',
  ],
  next: ['overhear hunt client {client}'],
  references: ['RFC 7858 (DNS over TLS)', 'RFC 8484 (DNS over HTTPS)', 'RFC 9462 (discovery)'],
})

interface BootstrapRow {
  client: string
  names: string[]
  first: string
  last: string
  looked_up: number
  answered: number
  asks_first: number
}

function draftOf(row: BootstrapRow): Draft {
  const client = plainAddress(row.client)
  const who = [...new Set(row.names.map((name) => providers.get(name) ?? name))].sort()
  const focus = { client: row.client }
  const answered =
    row.answered === 0 ? 'none was answered with an address' : `${row.answered} had an answer`
  return {
    subject: { client },
    identity: [client],
    why: `${client} looked up ${row.names.toSorted().slice(0, 4).join(', ')} (${who.join(', ')}) between ${row.first.slice(0, 19)} and ${row.last.slice(0, 19)} UTC, ${count(row.looked_up, 'query')}, of which ${answered}. What it asks such a resolver is encrypted and missing from this store.`,
    first: row.first,
    last: row.last,
    measures: { look_ups: { value: row.looked_up, threshold: null } },
    points: [{ name: 'resolver of encrypted DNS', points: 10 }],
    counterEvidence:
      row.asks_first > 0
        ? [
            'it asks first whether the network wants this, and keeps to plain DNS where it is told so',
          ]
        : [],
    lookedAt: [],
    evidence: { where: `client = {client:IPv6} AND qname IN (${list})`, parameters: focus },
    focus,
  }
}
