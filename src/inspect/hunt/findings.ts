// Findings of earlier reports about what is hunted: what a detector said of it, since when, and whether it still does.

import type { Database } from '../../database/database.ts'
import { type HuntOptions, type Part, part } from './part.ts'

/** Rows of kind `finding`: those of the findings in the store whose subject meets `condition` (SQL of ours over `subject`, values bound). */
export async function findingsPart(
  database: Database,
  condition: string,
  parameters: Record<string, unknown>,
  options: HuntOptions,
): Promise<Part> {
  return part(database, findings, findingsSql(condition), parameters, options)
}

const findings: Omit<Part, 'rows'> = {
  kind: 'finding',
  title: 'what reports found (overhear report)',
  columns: [
    { key: 'score', title: 'score', kind: 'count' },
    { key: 'title', title: 'finding', kind: 'sentence' },
    { key: 'about', title: 'about', kind: 'text' },
    { key: 'status', title: 'state', kind: 'word', usual: 'open' },
    { key: 'first', title: 'since', kind: 'time', spare: 2 },
    { key: 'last', title: 'for', kind: 'last', spare: 2 },
    { key: 'id', title: 'id', kind: 'word' },
    { key: 'detector', title: 'detector', kind: 'hidden' },
    { key: 'rule', title: 'rule', kind: 'hidden' },
    { key: 'severity', title: 'severity', kind: 'hidden' },
    { key: 'subject', title: 'subject', kind: 'hidden' },
    { key: 'known_since', title: 'known since', kind: 'hidden', as: 'time' },
    { key: 'capture', title: 'capture', kind: 'hidden' },
    { key: 'frame', title: 'frame', kind: 'hidden', as: 'frame' },
    { key: 'ts', title: 'ts', kind: 'hidden', as: 'time' },
  ],
}

/** What it is about, without what was hunted: the record, else the client. The table holds a row a finding and evaluation: it is small. */
function findingsSql(condition: string): string {
  return `WITH subject['name'] AS record_name, if(record_name = '', subject['domain'], record_name) AS whose,
      if(subject['client'] = '', subject['victim'], subject['client']) AS whom
    SELECT id, toString(detector) AS detector, toString(rule) AS rule, toString(severity) AS severity, score, title, toString(status) AS status, subject,
      trim(BOTH ' ' FROM if(whose IN ('', {hunted:String}) AND subject['type'] = '', if(whom = {hunted:String}, '', whom), concat(if(whose = {hunted:String}, '', whose), ' ', subject['type']))) AS about,
      first_seen AS first, last_seen AS last, known_since,
      evidence[1].1 AS capture, evidence[1].2 AS frame, first_seen AS ts
    FROM findings FINAL
    WHERE (${condition}) AND last_seen >= {since:DateTime64(9, 'UTC')} AND first_seen < {until:DateTime64(9, 'UTC')}
    ORDER BY findings.status, score DESC, first_seen, id
    LIMIT {limit:UInt32}`
}
