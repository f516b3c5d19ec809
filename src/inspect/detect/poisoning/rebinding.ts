// Names that first answer with a public address and then with an inside one: a page of theirs can then speak to machines inside (DNS rebinding).

import type { Rule } from '../detector.ts'
import { insideSql } from './inside.ts'
import { judgeRebinding } from './rebinding-judge.ts'

const isInside = insideSql('r.data')

/** Names with addresses outside and inside. The timeline of each is looked at in the judge: here only passive DNS is read. */
export const rebinding: Rule = {
  id: 'rebinding',
  title: 'A public name answers with an inside address after a public one',
  sql: `SELECT r.name AS name, groupUniqArrayIf(20)(r.data, ${isInside}) AS inside, groupUniqArrayIf(20)(r.data, NOT ${isInside}) AS outside,
    toString(min(r.first_seen)) AS first, toString(max(r.last_seen)) AS last
  FROM rrsets AS r
  WHERE r.match IN ('answered', 'late') AND r.section = 'answer' AND r.type IN ('A', 'AAAA')
    AND r.name IN (SELECT r.name FROM rrsets AS r WHERE r.type IN ('A', 'AAAA') AND ${isInside})
  GROUP BY r.name
  HAVING notEmpty(inside) AND notEmpty(outside)
  ORDER BY name
  LIMIT 1000`,
  subject: `name = {name:String}`,
  benign: [
    'split horizon: the same name inside and outside, by another view of the same server',
    'a blocking resolver or a captive portal that gives its own address, or 0.0.0.0, for names it blocks',
    'services whose names carry an address (sslip.io, nip.io, plex.direct)',
  ],
  judge: judgeRebinding,
}

/** Its points, by name. */
export const rebindingPoints = {
  'public, then inside': '40: the same server gave both to the same client',
  'both in one answer': '25: the browser falls back to the second',
  'within ten minutes': '10: in two answers; the page that was loaded from the first is still open',
  'short TTL': '15: the public address was to be kept a minute at most',
  'address of a blocker': '-30: other domains got the same inside address',
  'address that leads nowhere':
    '-50, -20 where it came within ten minutes of a public one of a short TTL: 0.0.0.0 or ::, what blockers answer',
  'name carries the address': '-40: the name spells the address',
  'views of one name': '-20: it went back and forth three times or more',
} as const
