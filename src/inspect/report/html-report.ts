// A report as one HTML file: what a ticket, a printer or a reader without a terminal is given.

import type { Contrast } from '../detect/contrast.ts'
import type { Points } from '../detect/detector.ts'
import type { Report, ReportedFinding } from '../findings/report.ts'
import { exposureTexts, measuresBesideDiff, saidText, sideSigns } from './change-words.ts'
import {
  allowedByEntry,
  allowedCount,
  headline,
  keepCommand,
  knownText,
  measureName,
  measureValue,
  pathOf,
  placeText,
  pointsText,
  readText,
  scoreText,
  subjectParts,
  timeText,
  windowText,
} from './finding-words.ts'
import {
  badge,
  card,
  code,
  codeBlock,
  details,
  facts,
  heading,
  type Html,
  join,
  link,
  list,
  ownText,
  page,
  paragraph,
  paths,
  table,
  text,
} from './html.ts'
import { count, time } from './quantity.ts'
import { unobservedLines } from './unobserved-text.ts'

/** The page; `store` is what `--store` names, null for a throw-away store. */
export function reportHtml(report: Report, { store }: { store: string | null }): string {
  const { findings, allowed = [], gone = [], notes, unobserved = [] } = report
  const [first] = report.captures
  const about = first === undefined ? 'an empty store' : first.path
  const others = report.captures.length > 1 ? ` and ${count(report.captures.length - 1)} more` : ''
  return page(
    `${headline(report)} in ${about}${others}`,
    join([
      heading(1, text(headline(report))),
      facts(readFacts(report)),
      notes.length === 0 ? text('') : join([heading(2, text('Notes')), list(notes.map(ownText))]),
      allowed.length === 0
        ? text('')
        : join([
            heading(2, text(`${allowedCount(allowed)}, not shown below`)),
            list(allowedByEntry(allowed).map(ownText)),
          ]),
      gone.length === 0
        ? text('')
        : join([
            heading(2, text('No longer found')),
            list(
              gone.map((each) =>
                text(`${each.title}: ${subjectParts(each).join(', ')} (finding ${each.id})`),
              ),
            ),
          ]),
      notSeen(unobservedLines(unobserved)),
      findings.length < 2 ? text('') : contents(findings),
      ...findings.map((finding) => findingCard(finding, report)),
      paragraph(
        store === null
          ? join([
              text('To look further, keep the captures: '),
              code(ownText(keepCommand(report).join(' '))),
            ])
          : join([text('The store of these findings: '), code(ownText(store))]),
        'quiet',
      ),
    ]),
  )
}

/** Watched records that nobody asked for. */
function notSeen([counted, ...records]: string[]): Html {
  if (counted === undefined) return text('')
  return join([heading(2, text('Not seen')), paragraph(text(counted)), list(records.map(text))])
}

function readFacts(report: Report): [string, Html][] {
  return [
    ['captures', paths(report.captures.map(({ path }) => path))],
    ['window', text(windowText(report))],
    ['read', text(readText(report))],
    [
      'detectors',
      text(report.detectors.map(({ id, findings }) => `${id} ${count(findings)}`).join(', ')),
    ],
  ]
}

function contents(findings: readonly ReportedFinding[]): Html {
  return table(
    [{ title: 'severity' }, { title: 'points', right: true }, { title: 'what' }, { title: 'whom' }],
    findings.map((finding) => [
      badge(finding.severity),
      text(String(finding.score)),
      link(`f-${finding.id}`, text(finding.title)),
      text(subjectParts(finding).join(', ')),
    ]),
  )
}

function findingCard(finding: ReportedFinding, report: Report): Html {
  const known = knownText(finding, report)
  return card(
    join([
      heading(
        2,
        join([badge(finding.severity), text(' '), text(finding.title)]),
        `f-${finding.id}`,
      ),
      paragraph(
        join(
          subjectParts(finding).map((part) => code(text(part))),
          ', ',
        ),
        'quiet',
      ),
      paragraph(text(finding.why), 'lead'),
      diff(finding),
      facts([
        ['when', text(timeText(finding))],
        ['score', text(scoreText(finding))],
        ['sum of', join(finding.points.map(pointText), '<br>')],
        ...(finding.odds === null ? [] : [['odds by chance', text(finding.odds)] as const]),
        ...(known === null ? [] : [['known', text(known)] as const]),
      ]),
      measures(finding),
      finding.contrast === undefined ? text('') : contrast(finding.contrast, report),
      heading(3, text('Speaks against it')),
      finding.counter_evidence.length === 0
        ? paragraph(text('Nothing was found.'))
        : list(finding.counter_evidence.map(text)),
      finding.looked_at.length === 0
        ? text('')
        : join([heading(3, text('Looked at')), list(finding.looked_at.map(text))]),
      heading(3, text('Evidence')),
      list(
        finding.evidence.map((item) => {
          const where = `${placeText(item, report, true)}, ${time(item.ts, 6)}: `
          return join([ownText(where), code(text(item.text))])
        }),
      ),
      heading(3, text('Harmless when it is')),
      list(finding.benign_causes.map(text)),
      heading(3, text('Look next')),
      codeBlock(finding.next.map(text)),
      paragraph(
        text(
          `Finding ${finding.id}, rule ${finding.rule} v${finding.version}${finding.attack.length === 0 ? '' : `, ATT&CK ${finding.attack.join(', ')}`}`,
        ),
        'quiet',
      ),
      details(text('The query behind it'), codeBlock(finding.sql.split('\n').map(text))),
    ]),
  )
}

function pointText({ name, points, means }: Points): Html {
  return text(`${pointsText(points)} ${name}${means === undefined ? '' : `: ${means}`}`)
}

function measures(finding: ReportedFinding): Html {
  const rows = Object.entries(measuresBesideDiff(finding))
  if (rows.length === 0) return text('')
  const hasBaseline = rows.some(([, each]) => each.baseline !== undefined)
  return table(
    [
      { title: 'measured' },
      { title: 'value', right: true },
      { title: 'threshold', right: true },
      ...(hasBaseline ? [{ title: 'ordinary', right: true }] : []),
    ],
    rows.map(([name, measure]) => [
      text(measureName(name)),
      text(measureValue(measure.value)),
      text(measureValue(measure.threshold)),
      ...(hasBaseline ? [text(measureValue(measure.baseline))] : []),
    ]),
  )
}

/** What a record said before and after. */
function diff(finding: ReportedFinding): Html {
  const { diff: records = [] } = finding
  if (records.length === 0) return text('')
  return join([
    heading(3, text('Before (-) and after (+)')),
    table(
      [{ title: '' }, { title: 'record' }, { title: 'said' }],
      records.map((record) => [
        text(record.sign),
        code(text(`${record.type} ${record.data}`)),
        text(saidText(record)),
      ]),
    ),
    ...exposureTexts(finding).map((line) => paragraph(text(line))),
  ])
}

/** Two answers side by side; what differs is marked by more than a colour. */
function contrast({ first, second, facts: told, records }: Contrast, report: Report): Html {
  const place = ({ capture, frame }: Contrast['first']) =>
    ownText(`${frame} of ${pathOf(capture, report)}`)
  return join([
    heading(3, text('Side by side')),
    table(
      [{ title: '' }, { title: first.title }, { title: '' }, { title: second.title }],
      [
        [text('frame'), place(first), text(''), place(second)],
        ...told.map((fact) => [
          text(fact.name),
          text(fact.first),
          differs(fact.first !== fact.second),
          text(fact.second),
        ]),
      ],
    ),
    records.length === 0
      ? text('')
      : codeBlock(records.map((record) => text(`${sideSigns[record.side]} ${record.text}`))),
  ])
}

function differs(isApart: boolean): Html {
  return ownText(isApart ? '≠' : '')
}
