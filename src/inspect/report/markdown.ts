// A report as Markdown, for a ticket or a wiki: every text is escaped, so that no packet can add a link, an image or a tag.

import type { Contrast } from '../detect/contrast.ts'
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
import { printable, printablePath } from './printable.ts'
import { count, time } from './quantity.ts'
import { unobservedLines } from './unobserved-text.ts'

/** The whole report; `store` is what `--store` names, null for a throw-away store. */
export function reportMarkdown(report: Report, { store }: { store: string | null }): string {
  const { captures, findings, allowed = [], gone = [], unobserved = [] } = report
  return lines([
    `# Overhear report: ${headline(report)}`,
    '',
    ...table(
      ['what', 'value'],
      [
        ['window', windowText(report)],
        ['read', readText(report)],
        ...captures.slice(0, 20).map((each) => ['capture', ownText(each.path)]),
        ...(captures.length > 20 ? [['captures', `and ${count(captures.length - 20)} more`]] : []),
      ],
    ),
    '',
    ...report.notes.map((note) => `- Note: ${ownText(note)}`),
    ...(allowed.length === 0 ? [] : [`- ${allowedCount(allowed)}:`]),
    ...allowedByEntry(allowed).map((line) => `  - ${ownText(line)}`),
    ...gone.map(
      (each) =>
        `- No longer found: ${text(each.title)}, ${text(subjectParts(each).join(', '))} (finding ${each.id})`,
    ),
    ...unobservedLines(unobserved).map(
      (line, at) => `${at === 0 ? '- Not seen:' : '  -'} ${text(line)}`,
    ),
    ...findings.flatMap((finding, at) => findingLines(finding, at + 1, report)),
    '',
    store === null
      ? `To look further, keep the captures: ${code(keepCommand(report).join(' '))}`
      : `The store of these findings: ${code(store)}`,
  ])
}

function findingLines(finding: ReportedFinding, number: number, report: Report): string[] {
  const known = knownText(finding, report)
  const measures = Object.entries(measuresBesideDiff(finding))
  const hasBaseline = measures.some(([, each]) => each.baseline !== undefined)
  return [
    '',
    `## ${number}. ${finding.severity.toUpperCase()}: ${text(finding.title)}`,
    '',
    subjectParts(finding)
      .map((part) => code(part))
      .join(', '),
    '',
    text(finding.why),
    '',
    ...diffLines(finding),
    ...table(
      ['what', 'value'],
      [
        ['when', timeText(finding)],
        ['score', scoreText(finding)],
        ...finding.points.map((part) => [
          '',
          `${pointsText(part.points)} ${text(part.name + (part.means === undefined ? '' : `: ${part.means}`))}`,
        ]),
        ...(finding.odds === null ? [] : [['odds by chance', text(finding.odds)]]),
        ...(known === null ? [] : [['known', known]]),
        ['finding', `${finding.id}, rule ${text(finding.rule)} v${finding.version}`],
        ...(finding.attack.length === 0 ? [] : [['ATT&CK', text(finding.attack.join(', '))]]),
      ],
    ),
    '',
    ...table(
      ['measured', 'value', 'threshold', ...(hasBaseline ? ['ordinary'] : [])],
      measures.map(([name, measure]) => [
        text(measureName(name)),
        text(measureValue(measure.value)),
        text(measureValue(measure.threshold)),
        ...(hasBaseline ? [text(measureValue(measure.baseline))] : []),
      ]),
    ),
    ...(finding.contrast === undefined ? [] : contrastLines(finding.contrast, report)),
    ...list('Speaks against it', finding.counter_evidence, 'Nothing was found.'),
    ...list('Looked at', finding.looked_at, ''),
    '',
    '**Evidence**',
    '',
    ...finding.evidence.map((item) => {
      const where = ownText(placeText(item, report, true))
      return `- ${where}, ${time(item.ts, 6)}: ${code(item.text)}`
    }),
    ...list('Harmless when it is', finding.benign_causes, ''),
    '',
    '**Look next**',
    '',
    ...finding.next.map((command) => `- ${code(command)}`),
    '',
    '**SQL**',
    '',
    ...finding.sql.split('\n').map((line) => `    ${printable(line)}`),
  ]
}

/** What a record said before and after. */
function diffLines(finding: ReportedFinding): string[] {
  const { diff = [] } = finding
  if (diff.length === 0) return []
  return [
    '**Before (-) and after (+)**',
    '',
    ...diff.map(
      (line) => `    ${printable(`${line.sign} ${line.type} ${line.data}, ${saidText(line)}`)}`,
    ),
    '',
    ...exposureTexts(finding).map((line) => `- ${text(line)}`),
    '',
  ]
}

/** Two answers side by side. */
function contrastLines({ first, second, facts, records }: Contrast, report: Report): string[] {
  const place = ({ capture, frame }: Contrast['first']) =>
    ownText(`${frame} of ${pathOf(capture, report)}`)
  return [
    '',
    '**Side by side**',
    '',
    ...table(
      ['', text(first.title), '', text(second.title)],
      [
        ['frame', place(first), '', place(second)],
        ...facts.map((fact) => [
          text(fact.name),
          text(fact.first),
          fact.first === fact.second ? '' : '≠',
          text(fact.second),
        ]),
      ],
    ),
    '',
    ...records.map((record) => `    ${sideSigns[record.side]} ${printable(record.text)}`),
    '',
  ]
}

function list(title: string, items: readonly string[], none: string): string[] {
  if (items.length === 0) return none === '' ? [] : ['', `**${title}**`, '', none]
  return ['', `**${title}**`, '', ...items.map((item) => `- ${text(item)}`)]
}

function table(titles: readonly string[], rows: readonly (readonly string[])[]): string[] {
  if (rows.length === 0) return []
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(titles), line(titles.map(() => '---')), ...rows.map(line)]
}

/** Text of a packet: ASCII, and nothing in it means anything to Markdown or HTML. */
function text(value: string): string {
  return escaped(printable(value))
}

function ownText(value: string): string {
  return escaped(printablePath(value))
}

function escaped(value: string): string {
  return (
    value
      .replace(/[&<>]/g, (character) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[character]!)
      .replace(/[\\`*_[\]|~$]/g, '\\$&')
      // What begins a list or a heading.
      .replace(/^(\d{1,9})([.)])(?=\s|$)/, '$1\\$2')
      .replace(/^[-+#=]/, '\\$&')
      // Renderers make links of these on their own.
      .replace(/:\/\//g, ':\\/\\/')
      .replace(/\b(www)\./gi, '$1\\.')
      .replace(/@/g, '\\@')
  )
}

/** A code span: the fence is longer than any run of backquotes inside. */
function code(value: string): string {
  const plain = printable(value)
  const longest = Math.max(0, ...[...plain.matchAll(/`+/g)].map(([run]) => run.length))
  const fence = '`'.repeat(longest + 1)
  const space = plain.startsWith('`') || plain.endsWith('`') ? ' ' : ''
  return `${fence}${space}${plain}${space}${fence}`
}

function lines(all: readonly string[]): string {
  return `${all.join('\n').replace(/\n{3,}/g, '\n\n')}\n`
}
