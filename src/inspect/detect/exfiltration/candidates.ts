// Candidates for data leaving in names: cheap bounds in SQL that no client under a threshold passes by much and none over it misses.

import { inWindow } from '../detector.ts'
import { isListed, isPublic, isUnlisted, mayReach, unlistedZone } from './names.ts'

/** A candidate. `zone` is empty where the suffix is not public, `client` is :: for all clients of a zone, `server` is :: where a zone says enough. */
export interface Candidate {
  client: string
  server: string
  zone: string
  /** Characters of the distinct names, over all of the time looked at. */
  characters: number
}

/** Candidates that are looked at, those with the most text first. */
const kept = 2000

/** Names of a client, each at the time it was first asked; `key` is what they are counted for. */
function firstAsked(key: string, rows: string, zone: string, longer = ''): string {
  return `SELECT ${key}, cityHash64(qname) AS name, min(toUnixTimestamp(ts)) AS asked, any(length(qname) - length(${zone})) AS size
        FROM ${rows}${longer}
        GROUP BY ${key}, name`
}

/**
 * Keys whose names may reach a threshold. Hours and days are aligned here, so half of a threshold is enough: what fits into a sliding hour
 * is in at most two aligned ones, and one of them has half of it.
 */
function busyKeys(key: string, columns: string, names: string): string {
  return `SELECT ${columns}, max(hour_characters) AS fullest_hour, max(day_characters) AS fullest_day, sum(day_characters) AS characters, sum(day_names) AS names
  FROM (
    SELECT ${key}, intDiv(hour, 24) AS day, max(hour_characters_all) AS hour_characters, max(hour_names_all) AS hour_names,
      sum(hour_characters_all) AS day_characters, sum(hour_names_all) AS day_names
    FROM (
      SELECT ${key}, intDiv(asked, 3600) AS hour, sum(size) AS hour_characters_all, count() AS hour_names_all
      FROM (
        ${names}
      )
      GROUP BY ${key}, hour
    )
    GROUP BY ${key}, day
  )
  GROUP BY ${key}
  HAVING max(hour_characters) * 2 >= {minBytes:UInt32} AND max(hour_names) * 2 >= {minNames:UInt32}
    OR max(day_characters) * 2 >= {minBytesDay:UInt32} AND max(day_names) * 2 >= {minNames:UInt32}
    OR sum(day_characters) >= {minBytesMonth:UInt32} AND sum(day_names) >= {minNamesMonth:UInt32}
  ORDER BY characters DESC, zone
  LIMIT ${kept}`
}

/** Names under a domain that one client may have asked in an amount that counts; `key` is a domain, or a client and a domain. */
function wordyKeys(key: string, also = ''): string {
  return `SELECT ${key} FROM transactions
          WHERE ${inWindow} AND ${isListed}${also}
          GROUP BY ${key}
          HAVING ${mayReach('least({minBytes:UInt32}, {minBytesDay:UInt32}, {minBytesMonth:UInt32})', 'least({minNames:UInt32}, {minNamesMonth:UInt32})', '(max(length(qname)) - length(domain))')}`
}

/** For each client and registrable domain. Most domains have too few names for any client: without them 490 ms of CPU become 105 over 1.2 million rows. */
export const listedSql = busyKeys(
  'client, domain',
  `client, toIPv6('::') AS server, toString(domain) AS zone`,
  firstAsked(
    'client, domain',
    'transactions',
    'domain',
    `
        WHERE ${inWindow} AND ${isListed} AND (client, domain) IN (
          ${wordyKeys('client, domain', ` AND domain IN (${wordyKeys('domain')})`)}
        )`,
  ),
)

/** For each client and private suffix, and where the suffix itself may be data for each client and server. */
export const unlistedSql = busyKeys(
  'client, server, zone',
  'client, server, zone',
  firstAsked(
    'client, server, zone',
    `(
          SELECT ts, client, ${unlistedZone} AS zone, if(zone = '', server, toIPv6('::')) AS server, qname
          FROM (SELECT ts, client, server, qname, domain FROM transactions WHERE ${inWindow} AND ${isUnlisted})
        )`,
    'zone',
  ),
)

/** For each registrable domain that three clients or more ask, but not half of them, all of these together. */
export const domainSql = `SELECT toIPv6('::') AS client, toIPv6('::') AS server, toString(domain) AS zone,
    max(day_characters) AS fullest_day, sum(day_characters) AS characters, sum(day_names) AS names
  FROM (
    SELECT domain, intDiv(asked, 86400) AS day, sum(size) AS day_characters, count() AS day_names
    FROM (
      ${firstAsked(
        'domain',
        'transactions',
        'domain',
        `
        WHERE ${inWindow} AND ${isListed} AND domain IN (
          SELECT domain FROM transactions
          WHERE ${inWindow} AND ${isListed} AND domain IN (
            SELECT domain FROM transactions
            WHERE ${inWindow} AND ${isListed}
            GROUP BY domain
            HAVING ${mayReach('{minBytesDomain:UInt32}', '{minNamesMonth:UInt32}', '(max(length(qname)) - length(domain))')}
          )
          GROUP BY domain
          HAVING uniq(client) >= 3 AND uniq(client) * 2 < greatest(8, {allClients:UInt64})
        )`,
      )}
    )
    GROUP BY domain, day
  )
  GROUP BY domain
  HAVING max(day_characters) * 2 >= {minBytesDomain:UInt32} AND sum(day_names) >= {minNamesMonth:UInt32}
  ORDER BY characters DESC, zone
  LIMIT ${kept}`

/** Servers that only one client asks for recursion, among five clients or more: of one client every server is its own. */
const ownServers = `SELECT server FROM transactions
          WHERE ${inWindow} AND attempts > 0 AND bitTest(query_flags, 8)
            AND {allClients:UInt64} >= 5
          GROUP BY server HAVING uniqUpTo(2)(client) = 1 AND count() >= {minNames:UInt32}`

/** Rows asked of such a server, of domains with few names each: every "domain" there may be made up, and the others are counted for theirs. */
export const ownServerRows = `SELECT ts, client, server, '' AS zone, qname FROM transactions
          WHERE ${inWindow} AND ${isPublic} AND server IN (${ownServers})
            AND (server, domain) IN (
              SELECT server, domain FROM transactions
              WHERE ${inWindow} AND ${isPublic} AND server IN (${ownServers})
              GROUP BY server, domain HAVING uniqUpTo(8)(qname) < 8
            )`

/** For each client and server of its own. */
export const serverSql = busyKeys(
  'client, server, zone',
  'client, server, zone',
  firstAsked(
    'client, server, zone',
    `(
          ${ownServerRows}
        )`,
    'zone',
  ),
)
