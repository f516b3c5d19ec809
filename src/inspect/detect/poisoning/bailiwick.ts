// Records that an answer brings along for names outside of what was asked (RFC 5452 section 6): no resolver has to believe them, old ones did.

import { inWindow, type Rule } from '../detector.ts'
import { judgeBailiwick } from './bailiwick-judge.ts'

/** Bits of anomalies after which the records are not what was sent. */
const unreadable = `bitAnd(anomaly_bits, ${0b1111_1111 | (1 << 11) | (1 << 18)}) > 0`

const below = (name: string, zone: string) => `endsWith(concat('.', ${name}), concat('.', ${zone}))`

/** An authority record that names servers of a zone the question is not in, nor any name the answer leads to. */
const foreignServers = `arrayExists((owner, section, type) -> section = 'authority' AND type = 'NS' AND owner != '.' AND NOT ${below('qname', 'owner')}
        AND NOT arrayExists((data, of_type) -> of_type IN ('CNAME', 'DNAME') AND ${below('lower(data)', 'owner')}, rr.data, rr.type), rr.name, rr.section, rr.type)`

/** An answer for a name outside the domain that was not asked and that no record of the answer leads to. */
const foreignAnswer = `arrayExists((owner, section, type) -> section = 'answer' AND owner != qname AND type NOT IN ('RRSIG', 'DNAME')
        AND (domain = '' OR NOT ${below('owner', 'domain')})
        AND NOT arrayExists(data -> endsWith(lower(data), owner), rr.data), rr.name, rr.section, rr.type)`

/** An address of a name outside the domain that no record of the message speaks of. */
const strayAddress = `arrayExists((owner, section, type) -> section = 'additional' AND type IN ('A', 'AAAA') AND NOT ${below('owner', 'domain')}
        AND NOT arrayExists(data -> endsWith(lower(data), owner), rr.data), rr.name, rr.section, rr.type)`

/** One name server alone, outside the domain, that comes with its address beside an answer. */
const soleServer = `has(rr.section, 'answer') AND arrayCount((section, type) -> section = 'authority' AND type = 'NS', rr.section, rr.type) = 1
        AND arrayExists((owner, section, type, data) -> section = 'authority' AND type = 'NS' AND owner = domain AND NOT ${below('lower(data)', 'domain')}
          AND has(rr.name, lower(data)), rr.name, rr.section, rr.type, rr.data)`

/**
 * What all of these have in common and nearly no other answer has: an owner that is neither the question nor what another record names, or
 * a referral's two sections. In a column each, so that nothing else is read: measured, it halves the time.
 */
const suspect = `countEqual(rr.owner, '') < length(rr.owner)
      AND (arrayExists(owner -> owner != '' AND NOT has(rr.data, owner), rr.owner) OR has(rr.section, 'authority') AND has(rr.section, 'additional'))`

/** Records outside of what was asked. */
export const bailiwick: Rule = {
  id: 'bailiwick',
  title: 'An answer brings records for names that were not asked',
  sql: `SELECT toString(client) AS of_client, toString(server) AS of_server, qname AS name, toString(qtype) AS type, toString(domain) AS zone,
    toString(response_ts) AS seen, toString(response_capture) AS of_capture, response_frame AS of_frame,
    ${foreignServers} AS is_foreign_servers, ${foreignAnswer} AS is_foreign_answer,
    domain != '' AND ${strayAddress} AS is_stray_address, domain != '' AND ${soleServer} AS is_sole_server,
    arraySlice(arrayMap((section, owner, type, data) -> (toString(section), owner, toString(type), data), rr.section, rr.name, rr.type, rr.data), 1, 60) AS records
  FROM (
    SELECT client, server, qname, qtype, domain, response_ts, response_capture, response_frame, rr.section, rr.name, rr.type, rr.data
    FROM transactions
    PREWHERE match IN ('answered', 'late', 'conflict') AND ${suspect}
    WHERE ${inWindow} AND rcode = 'NOERROR' AND opcode = 'QUERY' AND qtype NOT IN ('AXFR', 'IXFR', '')
      AND NOT (${unreadable})
    LIMIT 500000
  )
  WHERE is_foreign_servers OR is_foreign_answer OR is_stray_address OR is_sole_server
  ORDER BY seen, of_frame
  LIMIT 1000`,
  subject: `of_server = toString({server:IPv6}) AND name = {name:String}`,
  benign: [
    'a server that adds what it has in its cache, without being asked (then it does so for many names)',
    'a provider whose one name server is listed with its address',
    'a name server that moved, while its old address is still handed out',
  ],
  judge: judgeBailiwick,
}

/** Its points, by name. */
export const bailiwickPoints = {
  'name servers of another zone': '50: of a zone that neither question nor answer is in',
  'answer to another name': '50: and no record of the answer leads to it',
  'address of a name nobody spoke of': '30: outside the domain, not referred to',
  'only name server is foreign':
    '30: the domain is given one single name server, outside of it, with its address',
  'contradicts history': '20: other servers, or this one before, gave another network',
  'history says the same': '-40: the same record came from elsewhere too',
  'server adds to many answers': '-40: it does the same for three other domains or more',
} as const
