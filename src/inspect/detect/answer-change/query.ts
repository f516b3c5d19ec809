// The SQL of answer change: what every watched record said, in any section of any message, as stretches of time in which nothing changed.

import { asksWatched, namedHosts, typeList, watchedDomains } from '../../watch/targets.ts'
import { inWindow } from '../detector.ts'

/** Who speaks: 1024 for AA, 256 for RD, 128 for RA. */
const speaker = 'bitAnd(response_flags, 1408)'

/**
 * A server of the zone. Resolvers set AA too for what they were told to answer themselves, as a block list (Unbound, dnsmasq); but they
 * offer recursion to who asked for it.
 */
const isAuthority = (flags: string) => `(bitTest(${flags}, 10) AND bitAnd(${flags}, 384) != 384)`

/** Condition: the question is about a watched name, or for an address of a host that NS and MX records of one name. */
const asks = (name: string, type: string, domain: string) =>
  `(${asksWatched(name, domain)} OR (${type} IN ('A', 'AAAA') AND ${name} IN (${namedHosts})))`

/** Answers that can be believed (asked for, whole, not a second one) to questions about watched names or with records of them. */
const believed = `${inWindow} AND match IN ('answered', 'late') AND response_frame > 0 AND opcode = 'QUERY'
          AND NOT bitTest(response_flags, 9) AND rcode IN ('NOERROR', 'NXDOMAIN') AND domain IN (${watchedDomains})
          AND (has(rr.section, 'authority') OR ${asks('qname', 'qtype', 'domain')})`

/**
 * A hash of what a message says, whatever the order of its records. For how long it may be kept is a part of that, but not at resolvers,
 * where TTLs run down.
 */
const content = `cityHash64(qname, qtype, ${speaker}, do, arraySum((part, owner, kind, data) -> cityHash64(part, owner, kind, data), rr.section, rr.owner, rr.type, rr.data),
              if(bitTest(response_flags, 7), 0, arrayMax(arrayPushBack(rr.ttl, 0))))`

const inOrder =
  'OVER (PARTITION BY question ORDER BY seen, packet ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)'

/** Consecutive answers to one question that say the same. The rows are narrow: records are fetched once for each content (measured: half the time). */
const runs = `SELECT content, run, toFloat64(count()) AS answers, min(seen) AS first, max(seen) AS last, min(ttl) AS least_ttl, max(ttl) AS most_ttl,
          groupUniqArray(20)(server) AS servers, groupUniqArray(200)(client) AS clients, argMin((capture, packet), (seen, packet)) AS place
        FROM (
          SELECT *, sum(isNew) ${inOrder} AS run
          FROM (
            SELECT *, content != lagInFrame(content, 1, 0) ${inOrder} AS isNew
            FROM (
              SELECT response_ts AS seen, server, client, response_capture AS capture, response_frame AS packet, cityHash64(qname, qtype, ${speaker}) AS question,
                arrayMax((ttl, part) -> if(part = 'answer', ttl, 0), arrayPushBack(rr.ttl, 0), arrayPushBack(rr.section, 'answer')) AS ttl,
                ${content} AS content
              FROM transactions
              WHERE ${believed}
            )
          )
        )
        GROUP BY question, run, content
        ORDER BY last DESC
        LIMIT 5000 BY question`

/** The records of a section that meet a condition, as (data, TTL). */
const records = (section: string, condition: string) =>
  `arrayFilter((record, part, owner, kind) -> part = '${section}' AND ${condition}, arrayZip(datas, ttls), sections, owners, kinds)`

/** Owners and types in a section, each pair once. */
const ownersIn = (section: string, condition: string) =>
  `arrayDistinct(arrayFilter((found, part, owner, kind) -> part = '${section}' AND ${condition}, arrayZip(owners, kinds), sections, owners, kinds))`

/** The record sets of a section, one for each owner and type, with the TTL they came with. */
const setsIn = (section: string, condition: string) =>
  `arrayMap(each -> (each.1, each.2, other_speaker, ${records(section, 'owner = each.1 AND kind = each.2')}, '', 0), ${ownersIn(section, condition)})`

/**
 * The record sets of each content: what was asked, with the alias that was followed, but where a server only refers to others (the root
 * has no DS for what lies two labels down); NS and SOA of the authority section, and the DS of a referral (one that could hold it and does
 * not says that there is none); addresses of name servers in the additional section: glue.
 */
const contents = `SELECT content, arrayJoin(arrayConcat(
          if(isTold AND asked_type IN (${typeList}), [(asked, asked_type, speaker, ${records('answer', 'kind = asked_type')},
            arrayFirst((owner, part, kind) -> part = 'answer' AND kind = asked_type AND owner != asked, owners, sections, kinds), 1)], []),
          if(isTold AND asked_type IN ('A', 'AAAA') AND has(sections, 'answer'),
            [(asked, 'CNAME', speaker, ${records('answer', `kind = 'CNAME' AND owner = asked`)}, '', 1)], []),
          ${setsIn('authority', `kind IN ('NS', 'SOA') AND owner IN {watch:Array(String)}`)},
          if(isSigning AND other_speaker = 'parent', arrayMap(each -> (each.1, 'DS', 'parent', ${records('authority', `owner = each.1 AND kind = 'DS'`)}, '', 0),
            ${ownersIn('authority', `kind = 'NS' AND owner IN {watch:Array(String)}`)}), []),
          if(has(sections, 'additional'), ${setsIn('additional', `kind IN ('A', 'AAAA') AND has(hosts, owner)`)}, [])
        )) AS part
        FROM (
          SELECT content, message.1 AS asked, toString(message.2) AS asked_type, message.4 AS isSigning,
            ${asks('message.1', 'message.2', 'message.5')} AS isOwn,
            isOwn AND NOT (bitAnd(message.3, 1152) = 0 AND NOT has(sections, 'answer') AND has(kinds, 'NS')) AS isTold,
            if(${isAuthority('message.3')}, 'authoritative', 'resolver') AS speaker,
            multiIf(${isAuthority('message.3')}, 'authoritative', bitTest(message.3, 7), 'resolver', 'parent') AS other_speaker,
            arrayMap(x -> toString(x), message.6) AS sections, arrayMap(owner -> multiIf(owner = '', message.1, owner = '\\\\', '', owner), message.7) AS owners, arrayMap(x -> toString(x), message.8) AS kinds, message.9 AS datas, message.10 AS ttls
          FROM (
            SELECT ${content} AS content,
              any((qname, qtype, response_flags, do, domain, rr.section, rr.owner, rr.type, rr.data, rr.ttl)) AS message
            FROM transactions
            WHERE ${believed}
            GROUP BY content
          )
        )`

/** Times and TTLs as texts and numbers; an SOA without its numbers; of texts the policies, of keys those that a DS can name. */
export const stretches = `WITH (SELECT groupArray(host) FROM (${namedHosts})) AS hosts
  SELECT part.1 AS name, part.2 AS type, part.3 AS vantage, answers, toString(runs.first) AS first, toString(runs.last) AS last,
    arraySort(arrayDistinct(multiIf(
      type = 'SOA', arrayMap(record -> lower(arrayStringConcat(arraySlice(splitByChar(' ', record.1), 1, 2), ' ')), part.4),
      type = 'TXT', arrayMap(record -> record.1, arrayFilter(record -> match(record.1, '(?i)^"v=(spf1|dmarc1)'), part.4)),
      type = 'DNSKEY', arrayMap(record -> record.1, arrayFilter(record -> startsWith(record.1, '257 '), part.4)),
      arrayMap(record -> record.1, part.4)))) AS values,
    if(part.6, least_ttl, arrayMin(record -> record.2, arrayPushBack(part.4, ('', if(empty(part.4), 0, 4294967295))))) AS ttl_min,
    if(part.6, most_ttl, arrayMax(record -> record.2, arrayPushBack(part.4, ('', 0)))) AS ttl_max,
    part.5 AS alias, if(type = 'SOA' AND notEmpty(part.4), splitByChar(' ', concat(part.4[1].1, '   '))[3], '') AS serial,
    arraySort(arrayMap(x -> toString(x), runs.servers)) AS servers,
    if(dateDiff('day', runs.first, runs.last) > 2, [], arrayMap(x -> toString(x), runs.clients)) AS clients,
    toString(place.1) AS capture, place.2 AS frame
  FROM (${runs}) AS runs
  INNER JOIN (${contents}) AS contents ON runs.content = contents.content
  WHERE notEmpty(values) OR type IN ('DS', 'CAA', 'CNAME')
  ORDER BY name, type, vantage, first, last, values
  LIMIT 5000 BY name, type, vantage
  LIMIT 300000`
