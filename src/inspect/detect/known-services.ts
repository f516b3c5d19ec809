// Services whose look-ups carry data in names on purpose: recognised by their structure first, then by a short table of zones.

/** Zones that are asked with hashes or reversed addresses: reputation services of vendors and block lists. */
const zones: Readonly<Record<string, string>> = {
  'avqs.mcafee.com': 'file reputation look-ups (McAfee GTI)',
  'avts.mcafee.com': 'file reputation look-ups (McAfee GTI)',
  'sophosxl.net': 'file reputation look-ups (Sophos SXL)',
  'e5.sk': 'file reputation look-ups (ESET)',
  'hash.cymru.com': 'malware hash look-ups (Team Cymru)',
  'asn.cymru.com': 'origin AS look-ups (Team Cymru)',
  'spamhaus.org': 'mail reputation look-ups (Spamhaus)',
  'spamhaus.net': 'mail reputation look-ups (Spamhaus)',
  'surbl.org': 'mail reputation look-ups (SURBL)',
  'uribl.com': 'mail reputation look-ups (URIBL)',
  'spamcop.net': 'mail reputation look-ups (SpamCop)',
  'barracudacentral.org': 'mail reputation look-ups (Barracuda)',
  'senderbase.org': 'mail reputation look-ups (SenderBase)',
}

/** Share of names that must have a service's structure. */
const most = 0.9

/** What known service names of this shape belong to, or null. `refused` is the share of answers that were NXDOMAIN or in 127.0.0.0/8. */
export function knownService(
  zone: string,
  subdomains: readonly string[],
  refused: number,
): string | null {
  const share = (test: (subdomain: string) => boolean) =>
    subdomains.filter(test).length / Math.max(1, subdomains.length)
  if (refused >= most && share(isReversedAddress) >= most) {
    return 'block-list look-ups of reversed addresses'
  }
  if (share((subdomain) => /(^|\.)_(?:tcp|udp|dns-sd|domainkey|tls)(\.|$)/.test(subdomain)) >= most)
    return 'service or key discovery'
  for (const [known, what] of Object.entries(zones)) {
    if (zone === known || zone.endsWith(`.${known}`)) return what
    if (known.endsWith(`.${zone}`)) {
      const own = `.${known.slice(0, -zone.length - 1)}`
      if (share((subdomain) => `.${subdomain}`.endsWith(own)) >= most) return what
    }
  }
  return null
}

/** Four octets, or 32 nibbles (RFC 5782), perhaps before more labels of the list. */
function isReversedAddress(subdomain: string): boolean {
  return (
    /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.[a-z-]+)*$/.test(
      subdomain,
    ) || /^(?:[0-9a-f]\.){31}[0-9a-f](?:\.[a-z-]+)*$/.test(subdomain)
  )
}
