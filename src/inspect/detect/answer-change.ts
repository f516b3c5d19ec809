// Sudden changes of answers for watched names: what a name said first and for long, against what it says now or said for an hour.

import { judgeChanges } from './answer-change-judge.ts'
import { detector, inWindow } from './detector.ts'

/** Answers that can be believed: asked for, and not a second one. */
const believed = `${inWindow} AND match IN ('answered', 'late') AND response_frame > 0 AND opcode = 'QUERY'`

const withoutDot = (text: string) =>
  `if(length(${text}) > 1 AND endsWith(${text}, '.'), substring(${text}, 1, length(${text}) - 1), ${text})`

/** Hosts that the MX and NS records of watched names point to: their addresses are watched too. */
const hosts = `SELECT ${withoutDot(`lower(if(host_type = 'MX', splitByChar(' ', host_data)[2], host_data))`)} AS host
        FROM transactions
        ARRAY JOIN rr.name AS host_owner, rr.type AS host_type, rr.data AS host_data
        WHERE ${believed} AND domain IN {watch:Array(String)} AND host_owner IN {watch:Array(String)} AND host_type IN ('MX', 'NS')
        GROUP BY host ORDER BY count() DESC, host LIMIT 1000`

/**
 * What is compared of a record: the network of an address (/24, /48), the host of an NS or MX, the names in an SOA but not its serial, an SPF
 * policy but no other text, and all of a CNAME, DS or CAA.
 */
const unit = `multiIf(
        type = 'A', concat(arrayStringConcat(arraySlice(splitByChar('.', data), 1, 3), '.'), '.0/24'),
        type = 'AAAA', concat(toString(tupleElement(IPv6CIDRToRange(toIPv6OrDefault(data), 48), 1)), '/48'),
        type = 'MX', lower(splitByChar(' ', data)[2]),
        type = 'SOA', lower(arrayStringConcat(arraySlice(splitByChar(' ', data), 1, 2), ' ')),
        type = 'TXT' AND NOT startsWith(lower(data), '"v=spf1'), '',
        type IN ('NS', 'CNAME'), lower(data),
        data)`

/** The records of one section as (type, data, ttl, owner), owners in lower case. */
function recordsOf(section: 'answer' | 'authority'): string {
  return `arrayMap(record -> (record.1, record.2, record.3, record.4), arrayFilter(record -> record.5 = '${section}',
              arrayMap((a, b, c, d, e) -> (toString(a), b, c, lower(d), toString(e)), rr.type, rr.data, rr.ttl, rr.name, rr.section)))`
}

/** All sightings of the watched records, those of five minutes that say the same at one server in one row. */
const sql = `SELECT name, type, vantage, toString(server_address) AS server, units,
    arraySort(groupUniqArrayArray(8)(texts)) AS values, toFloat64(count()) AS answers,
    toString(min(seen)) AS first, toString(max(seen)) AS last, max(ttl) AS ttl_max,
    arraySort(groupUniqArray(100)(toString(client_address))) AS clients, max(serial_text) AS serial,
    toString(argMin(capture_id, (seen, frame_seen))) AS capture, argMin(frame_seen, (seen, frame_seen)) AS frame
  FROM (
    SELECT name, vantage, server_address, client_address, seen, capture_id, frame_seen, type, texts,
      arraySort(arrayDistinct(arrayFilter(text -> text != '', arrayMap(data -> ${unit}, texts)))) AS units,
      arrayMax(ttls) AS ttl, if(type = 'SOA', splitByChar(' ', concat(texts[1], '  '))[3], '') AS serial_text
    FROM (
      SELECT name, vantage, server_address, client_address, seen, capture_id, frame_seen, part.1 AS type,
        arrayMap(record -> record.2, part.2) AS texts, arrayMap(record -> record.3, part.2) AS ttls
      FROM (
        SELECT qname AS name, if(bitTest(response_flags, 10), 'authoritative', 'resolver') AS vantage, server AS server_address,
          client AS client_address, response_ts AS seen, response_capture AS capture_id, response_frame AS frame_seen,
          arrayJoin(arrayDistinct([
            (toString(qtype), arrayFilter(record -> record.1 = toString(qtype), ${recordsOf('answer')})),
            ('CNAME', arrayFilter(record -> record.1 = 'CNAME' AND record.4 = qname, ${recordsOf('answer')}))
          ])) AS part
        FROM transactions
        WHERE ${believed} AND NOT bitTest(response_flags, 9) AND rcode IN ('NOERROR', 'NXDOMAIN')
          AND qtype IN ('A', 'AAAA', 'CNAME', 'NS', 'MX', 'SOA', 'TXT', 'DS', 'CAA')
          AND (qname IN {watch:Array(String)} OR (qtype IN ('A', 'AAAA') AND qname IN (${hosts})))
        UNION ALL
        SELECT owner_type.1 AS name, vantage, server_address, client_address, seen, capture_id, frame_seen,
          (owner_type.2, arrayFilter(record -> record.4 = owner_type.1 AND record.1 = owner_type.2, records)) AS part
        FROM (
          SELECT multiIf(bitTest(response_flags, 10), 'authoritative', bitTest(response_flags, 7), 'resolver', 'parent') AS vantage,
            server AS server_address, client AS client_address, response_ts AS seen, response_capture AS capture_id, response_frame AS frame_seen,
            ${recordsOf('authority')} AS records,
            arrayJoin(arrayDistinct(arrayMap(record -> (record.4, record.1),
              arrayFilter(record -> record.1 IN ('NS', 'SOA') AND record.4 IN {watch:Array(String)}, records)))) AS owner_type
          FROM transactions
          WHERE ${believed} AND domain IN {watch:Array(String)} AND has(rr.section, 'authority')
        )
      )
    )
    WHERE notEmpty(units) OR type IN ('DS', 'CAA')
  )
  GROUP BY name, type, vantage, server, units, intDiv(toUnixTimestamp(seen), 300)
  ORDER BY name, type, vantage, first, server, units
  LIMIT 20000 BY name, type, vantage
  LIMIT 200000`

/** A record that was right for weeks, wrong for an hour, and right again. */
export default detector({
  id: 'answer-change',
  version: 1,
  title: 'Sudden answer change of watched names',
  asks: 'Does a watched name suddenly answer with something it never said before?',
  why: 'A hijacked delegation or host answers with values that the name never had, often for hours only, and then goes back: a daily look misses it. The baseline is what was seen first and long: the values in a tenth or more of the answers before the change, once there were enough of them for long enough. Addresses are compared by network (/24, /48), so rotation inside one is silent; names with eight networks or more, or that keep growing, count as pools.',
  attack: ['T1584.002', 'T1584.001', 'T1557', 'T1565.001'],
  parameters: {
    minAnswers: {
      type: 'UInt32',
      default: 5,
      help: 'answers seen before anything counts as a change',
      unit: 'answers',
    },
    minHours: {
      type: 'Float64',
      default: 1,
      help: 'time these answers cover at least; the change must not have lasted longer than the baseline did',
      unit: 'hours',
    },
  },
  rules: [
    {
      id: 'record',
      title: 'A watched name answers with something new',
      needs: 'watch-list',
      sql,
      subject: 'name = {name:String} AND type = {type:String}',
      judge: judgeChanges,
    },
  ],
  points: {
    'NS changed': '40',
    'MX changed': '30',
    'address in another network': '25, for mail and remote access hosts 30: another /16 or /32',
    'address in a neighbouring network': '10: another /24 or /48 of a known /16 or /32',
    'alias changed': '20: CNAME to another domain; 5 inside the same domain',
    'SOA names changed': '20: primary server or mailbox',
    'SPF changed': '15',
    'DS removed': '30',
    'DS replaced': '25: no overlap with the old ones',
    'CAA changed': '10',
    'was always the same': '10: one set of values until then',
    'TTL cut': '10: to a tenth or less, so that the change spreads and can be taken back',
    'TTL of a week': '10: so that the change stays',
    'serial did not move': '15: the zone changed, its SOA serial did not',
    reverted: '25: back to the old values within 24 hours',
    'another watched record changed too': '20: within a day',
    'value is known from another watched name': '-20',
    'added to the old values': '-20: addresses only; the old ones are still given with it',
    'rotates with the old values': '-40: the same server gives both in turn',
    'name is a pool': '-30: eight networks or more, or growing all the time',
  },
  benign: [
    'a planned move to another provider, or protection switched on under attack',
    'failover between two sites',
    'a resolver that answers with a walled garden or a block page',
  ],
  next: ['overhear hunt name {name}', 'overhear hunt domain {name}'],
  references: [
    'CISA Emergency Directive 19-01 (DNS infrastructure tampering)',
    'Cisco Talos, Sea Turtle, 2019',
    'Akiwate et al., Retroactive Identification of Targeted DNS Infrastructure Hijacking, IMC 2022',
  ],
})
