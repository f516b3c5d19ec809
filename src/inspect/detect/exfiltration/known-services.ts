// Services whose look-ups carry data in names on purpose: recognised by the form of their names first, then by a short table of zones.

import { labelsOf } from './alphabet.ts'

/** What was recognised, with the points against the finding that it earns, and what was compared. */
export interface Recognised {
  /** What the names belong to, null where they fit nothing known. */
  what: string | null
  points: number
  /** What was looked at, a sentence each, with the numbers. */
  lookedAt: string[]
}

/** What is known of the names beside their text. */
export interface NamesSeen {
  zone: string
  subdomains: readonly string[]
  /** Share of answers that were NXDOMAIN or in 127.0.0.0/8, as block lists answer. */
  refused: number
  /** Whether the letters are used as evenly as an encoder does. */
  isEven: boolean
}

/** Share of names that must have the form. */
const most = 0.9

/**
 * Recognises names by their form. A form that anybody can give to data (a service label, a hash) is believed only where the rest of the
 * name is not written evenly, or the zone is one of the vendor's own; reversed addresses only where they are addresses that exist.
 */
export function recognise(seen: NamesSeen): Recognised {
  const { zone, subdomains, refused, isEven } = seen
  const share = (is: (subdomain: string) => boolean) =>
    subdomains.filter(is).length / Math.max(1, subdomains.length)
  const vendor = vendorOf(zone, share)
  const addresses = share((subdomain) => publicAddress(subdomain) !== null)
  const hashes = share(isHash)
  const services = share((subdomain) => labelsOf(subdomain).some((label) => isServiceLabel(label)))
  const minimised = share((subdomain) => labelsOf(subdomain)[0] === '_')
  const lookedAt = [
    `the zone is ${vendor === null ? 'none' : 'one'} of the ${Object.keys(zones).length} known for reputation look-ups, measurement and telemetry`,
    `${percent(addresses)} of the names are reversed public addresses (block lists), ${percent(hashes)} look like hashes (file reputation), ${percent(services)} hold labels of service, key or certificate discovery (_tcp, _domainkey, _acme-challenge, _ta-), ${percent(minimised)} are minimised`,
  ]
  if (vendor !== null) return { what: vendor, points: -60, lookedAt }
  if (addresses >= most && refused >= most) {
    return { what: 'block-list look-ups of reversed addresses', points: -60, lookedAt }
  }
  if (addresses >= most && share((subdomain) => labelsOf(subdomain).some(isPolicyLabel)) >= most) {
    return { what: 'sender policy macros (SPF exists:)', points: -60, lookedAt }
  }
  if (services + minimised >= most && !isEven) {
    return { what: 'service, key or certificate discovery', points: -60, lookedAt }
  }
  return { what: null, points: 0, lookedAt }
}

function vendorOf(
  zone: string,
  share: (is: (subdomain: string) => boolean) => number,
): string | null {
  for (const [known, what] of Object.entries(zones)) {
    if (zone === known || zone.endsWith(`.${known}`)) return what
    if (known.endsWith(`.${zone}`)) {
      const own = `.${known.slice(0, -zone.length - 1)}`
      if (share((subdomain) => `.${subdomain}`.endsWith(own)) >= most) return what
    }
  }
  return null
}

/**
 * The address that four octets or 32 nibbles at the beginning stand for in reverse (RFC 5782), perhaps before more labels of the list;
 * null where it is none, or private, multicast or reserved. Of random octets an eighth is reserved: data does not pass for addresses.
 */
export function publicAddress(subdomain: string): string | null {
  const octets =
    /^((?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)\.){3}(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d))(?:\.[a-z_-][a-z0-9_-]*)*$/.exec(
      subdomain,
    )?.[1]
  if (octets !== undefined) {
    const address = octets.split('.').toReversed()
    const [first, second] = address.map(Number)
    if (first === undefined || second === undefined || first === 0 || first === 10) return null
    if (first === 127 || first >= 224 || (first === 169 && second === 254)) return null
    if ((first === 192 && second === 168) || (first === 172 && second >> 4 === 1)) return null
    return address.join('.')
  }
  const nibbles = /^((?:[0-9a-f]\.){31}[0-9a-f])(?:\.[a-z_-][a-z0-9_-]*)*$/.exec(subdomain)?.[1]
  if (nibbles === undefined) return null
  const digits = nibbles.split('.').toReversed().join('')
  return /^[23]/.test(digits) ? digits : null
}

/** A digest in one label: MD5, SHA-1, SHA-224, SHA-256, SHA-384 or SHA-512 in hexadecimal or base32, or a UUID. */
function isHash(subdomain: string): boolean {
  return labelsOf(subdomain).some(
    (label) =>
      /^(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{56})$/.test(label) ||
      /^(?:[a-z2-7]{26}|[a-z2-7]{32}|[a-z2-7]{52})$/.test(label) ||
      /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/.test(label),
  )
}

/** DNS-SD and SRV (RFC 6763, 2782), DKIM and DMARC (RFC 6376, 7489), ACME (RFC 8555), TLSA, MTA-STS, trust anchors (RFC 8145), AD sites. */
function isServiceLabel(label: string): boolean {
  return /^_(?:tcp|udp|sctp|dns-sd|domainkey|dmarc|report|tls|sites|msdcs|acme-challenge|mta-sts|smtp|spf|ta-[0-9a-f]{4}(?:-[0-9a-f]{4})*)$/.test(
    label,
  )
}

/** Labels that policies put beside an address in a macro. */
function isPolicyLabel(label: string): boolean {
  return /^_?(?:spf\d*|i|ip|ipv4|ipv6|v4|v6|in-addr|ip6|exists|_h|_o)$/.test(label)
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`
}

/** Zones of vendors whose names carry hashes, reversed addresses or one-time labels; nobody else can have names there. */
const zones: Readonly<Record<string, string>> = {
  'avqs.mcafee.com': 'file reputation look-ups (McAfee GTI)',
  'avts.mcafee.com': 'file reputation look-ups (McAfee GTI)',
  'sophosxl.net': 'file reputation look-ups (Sophos SXL)',
  'e5.sk': 'file reputation look-ups (ESET)',
  'ksn.kaspersky-labs.com': 'file reputation look-ups (Kaspersky)',
  'trendmicro.com': 'reputation look-ups (Trend Micro)',
  'cymru.com': 'hash and origin look-ups (Team Cymru)',
  'spamhaus.org': 'mail reputation look-ups (Spamhaus)',
  'spamhaus.net': 'mail reputation look-ups (Spamhaus)',
  'spameatingmonkey.net': 'mail reputation look-ups (SEM)',
  'surbl.org': 'mail reputation look-ups (SURBL)',
  'uribl.com': 'mail reputation look-ups (URIBL)',
  'spamcop.net': 'mail reputation look-ups (SpamCop)',
  'sorbs.net': 'mail reputation look-ups (SORBS)',
  'dnswl.org': 'mail reputation look-ups (dnswl)',
  'mailspike.net': 'mail reputation look-ups (Mailspike)',
  'nixspam.net': 'mail reputation look-ups (NiX Spam)',
  'uceprotect.net': 'mail reputation look-ups (UCEPROTECT)',
  'barracudacentral.org': 'mail reputation look-ups (Barracuda)',
  'senderbase.org': 'mail reputation look-ups (SenderBase)',
  'invaluement.com': 'mail reputation look-ups (invaluement)',
  'dotnxdomain.net': 'measurements with one-time names (APNIC)',
  'u.fastly-insights.com': 'measurements with one-time names (Fastly)',
  'cedexis-radar.net': 'measurements with one-time names (Cedexis)',
  'perfops.net': 'measurements with one-time names (PerfOps)',
  'measure.office.com': 'measurements with one-time names (Microsoft)',
  'netalyzr.icsi.berkeley.edu': 'measurements with one-time names (Netalyzr)',
  'dnsleaktest.com': 'resolver tests with one-time names',
  'ipleak.net': 'resolver tests with one-time names',
  'googlevideo.com': 'content delivery (Google)',
  'gvt1.com': 'content delivery (Google)',
  'nflxvideo.net': 'content delivery (Netflix)',
  'akamaiedge.net': 'content delivery (Akamai)',
  'akamai.net': 'content delivery (Akamai)',
  'edgekey.net': 'content delivery (Akamai)',
  'akadns.net': 'content delivery (Akamai)',
  'fbcdn.net': 'content delivery (Meta)',
  'tiktokcdn.com': 'content delivery (TikTok)',
}
