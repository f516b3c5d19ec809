// Answers of a cache that change before their time: a record lives until its TTL has run out, unless somebody put another one in its place.

import { inWindow, type Rule } from '../detector.ts'
import { judgeReplacements } from './replacement-judge.ts'

/** Cached sets replaced early. Only questions that a server answered in two ways are looked at closely, in the judge. */
export const replacement: Rule = {
  id: 'replacement',
  title: 'A cached answer was replaced before its time',
  sql: `SELECT toString(any(of_server)) AS server, any(of_name) AS name, toString(any(of_type)) AS type, toFloat64(count()) AS answers,
    toString(min(ts)) AS first, toString(max(ts)) AS last
  FROM (
    SELECT cityHash64(server, qname, qtype) AS question, server AS of_server, qname AS of_name, qtype AS of_type, answer_digest, ts
    FROM transactions
    PREWHERE match = 'answered' AND bitTest(response_flags, 7)
    WHERE ${inWindow}
  )
  GROUP BY question
  HAVING min(answer_digest) != max(answer_digest)
  ORDER BY server, name, type
  LIMIT 2000`,
  subject: `server = toString({server:IPv6}) AND name = {name:String} AND type = {type:String}`,
  benign: [
    'several caches behind one address (then it happens to many names)',
    'an operator who flushed the cache',
    'a name whose addresses rotate (then it has many)',
  ],
  judge: judgeReplacements,
}

/** Its points, by name. */
export const replacementPoints = {
  'replaced before its time':
    '40: by records of another network, a minute or more before the TTL ran out',
  'new TTL is longer': '10: than any before, by a twentieth or more',
  'resolver does this often': '-40: more than one in a hundred repeated questions, or three names',
  'name has many answers': '-30: three networks or more, as rotating names have',
  'resolver is not known well': '-20: fewer than twenty answers repeated inside their TTL',
} as const
