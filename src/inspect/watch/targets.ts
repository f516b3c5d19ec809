// What watching a name means: its own records, the usual hosts below a registrable domain, and the hosts that its NS and MX records name.

/** Record types that are followed. */
export const watchedTypes = [
  'A',
  'AAAA',
  'CNAME',
  'NS',
  'MX',
  'SOA',
  'TXT',
  'CAA',
  'DS',
  'DNSKEY',
] as const

/** Hosts below a registrable domain that are watched with it: what people log in to, and where policies stand. */
export const usualHosts = [
  'www',
  'mail',
  'webmail',
  'vpn',
  'autodiscover',
  'remote',
  '_dmarc',
  '_acme-challenge',
] as const

/** Hosts of NS and MX records followed at most; a list of ten thousand names has fewer. */
const mostHosts = 20_000

const list = (words: readonly string[]) => words.map((word) => `'${word}'`).join(', ')

/** Types as SQL. */
export const typeList = list(watchedTypes)

/** Condition: the row asks for a watched name, or for a usual host of a watched domain. */
export const asksWatched = (name: string, domain: string) =>
  `(${name} IN {watch:Array(String)} OR (${domain} IN {watch:Array(String)} AND length(${name}) > length(${domain})
            AND substring(${name}, 1, length(${name}) - length(${domain}) - 1) IN (${list(usualHosts)})))`

/** Text of a host name without the dot at its end, folded. */
const plainHost = (text: string) =>
  `lower(if(length(${text}) > 1 AND endsWith(${text}, '.'), substring(${text}, 1, length(${text}) - 1), ${text}))`

/** Query: the hosts that NS and MX records of watched names ever named, as `host`. */
export const namedHosts = `SELECT DISTINCT ${plainHost(`if(type = 'MX', arrayElement(splitByChar(' ', data), 2), data)`)} AS host
            FROM rrsets WHERE name IN {watch:Array(String)} AND type IN ('NS', 'MX') AND match IN ('answered', 'late') LIMIT ${mostHosts}`

/** Query: every domain that rows about watched names can be stored under, since a name's domain is among its tails. It is the sorting key's first column. */
export const watchedDomains = `SELECT arrayJoin(arrayMap(i -> arrayStringConcat(arraySlice(labels, i), '.'), range(1, length(labels) + 1)))
          FROM (SELECT splitByChar('.', arrayJoin({watch:Array(String)})) AS labels UNION ALL SELECT splitByChar('.', host) AS labels FROM (${namedHosts}))`
