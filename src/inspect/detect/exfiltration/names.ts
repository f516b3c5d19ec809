// Which names may hold data, and where the part ends that its sender chose: the conditions all exfiltration rules share.

import { bothDirections, inWindow } from '../detector.ts'

/** Suffixes that resolve inside a network only; nothing leaves under them. */
export const localSuffixes =
  'local|localdomain|localhost|internal|intranet|home|lan|corp|private|arpa'

/** Questions, seen as such or, where only answers were captured, through their answers. */
const isAsked = `opcode = 'QUERY' AND (attempts > 0 OR (match = 'unsolicited' AND NOT (${bothDirections})))`

/** Names of registrable domains, these themselves among them; reverse names of addresses are not counted. */
export const isPublic = `tld_listed = 1 AND domain != '' AND ${isAsked}
        AND NOT (endsWith(domain, '.arpa') AND match(qname, '^(?:[0-9]{1,3}\\\\.){1,4}in-addr\\\\.arpa$|^(?:[0-9a-f]\\\\.){1,32}ip6\\\\.arpa$'))`

/** Names under a registrable domain. */
export const isListed = `length(qname) > length(domain) AND ${isPublic}`

/** Names under a suffix that is not public: not local ones, not browsers' random probes of one label. */
export const isUnlisted = `tld_listed = 0 AND qname NOT IN ('', '.') AND ${isAsked}
        AND NOT match(qname, '(?:^|\\\\.)(?:${localSuffixes})$|^[a-z]{7,15}$')`

/** The last label; the whole name where it has only one. */
const lastLabel = `substring(qname, length(qname) - position(reverse(concat('.', qname)), '.') + 2)`

/** Where data ends in a name of no public suffix. One that many names share is somebody's private suffix; hexadecimal ones are data. */
export const unlistedZone = `if(${lastLabel} IN (
        SELECT ${lastLabel} AS label FROM transactions
        WHERE ${inWindow} AND tld_listed = 0
        GROUP BY label HAVING uniq(qname) >= 8 AND NOT match(label, '^[0-9a-f]+$')
      ), toString(domain), '')`

/** What stands left of a zone, all of the name where there is none. */
export function left(zone: string): string {
  return `if(empty(${zone}), qname, substring(qname, 1, greatest(length(qname) - length(${zone}), 1) - 1))`
}

/** The same of the name as it was sent, letter case kept. */
export function leftAsSent(zone: string): string {
  return left(zone).replaceAll('qname', `if(qname_raw = '', qname, qname_raw)`)
}

/**
 * A sketch of how many distinct values a group has: 64 bits, one set by each value. Cheap enough for every client and domain, and what it
 * cannot hold it errs to the side of more.
 */
function bitsSet(column: string): string {
  return `bitCount(groupBitOr(bitShiftLeft(toUInt64(1), cityHash64(${column}) % 64)))`
}

/** Whether a group may have so many distinct values: n of them set 64 (1 - exp(-n / 64)) bits, and six tenths of that are missed by chance less than once in a billion groups. */
export function mayHave(column: string, values: string): string {
  return `${bitsSet(column)} >= 0.6 * 64 * (1 - exp(-(${values}) / 64))`
}

/** Whether a group may hold so many bytes in so many distinct names that are at most `longest` characters long. */
export function mayReach(bytes: string, names: string, longest: string): string {
  return mayHave('qname', `greatest(${names}, ${bytes} / greatest(${longest}, 1))`)
}
