// The parts of the score card: first the numbers, then every miss and every false finding.

import type { AblationRow } from '../score/ablation.ts'
import { isAsExpected, type Row, type ScenarioRow, type ScoreReport } from '../score/card.ts'
import type { Rate } from '../score/rate.ts'
import { fewestRows } from '../score/robustness.ts'
import { printable, printablePath } from './printable.ts'
import { count, duration, percent, plural, size } from './quantity.ts'
import type { Column } from './table.ts'

/** A part of the card: a table, or a list of texts, with remarks below. */
export interface Section {
  title: string
  columns: Column[]
  rows: string[][]
  items: { head: string; body: string }[]
  remarks: string[]
}

/** What the card comes to, a sentence or two each. */
export function headingOf({
  captures,
  queries,
  clientDays,
  thresholds,
  missed,
  ...card
}: ScoreReport) {
  const { scored, benign, withTruth, unlabelled } = captures
  const rest = unlabelled === 0 ? '' : `; ${plural(unlabelled, 'capture')} without a label left out`
  const verdict = isAsExpected({ captures, queries, clientDays, missed, ...card })
    ? 'Everything that must be found was, and no benign capture alerts.'
    : `Not as it should be: ${plural(missed.filter(({ mayMiss }) => mayMiss === undefined).length, 'event')} missed, ${plural(card.false.filter((wrong) => wrong.benign && wrong.score >= 50).length, 'false alert')} in benign captures.`
  return [
    verdict,
    `${plural(scored, 'labelled capture')}, ${count(benign)} benign and ${count(withTruth)} with events${rest}; ${plural(queries, 'query')}, ${count(clientDays)} client-days.`,
    thresholds.isFrozen
      ? `Thresholds ${thresholds.hash.slice(0, 16)}, as frozen.`
      : `Thresholds ${thresholds.hash.slice(0, 16)}, NOT those that were frozen: ${thresholds.changes.slice(0, 5).join('; ')}${thresholds.changes.length > 5 ? `; and ${thresholds.changes.length - 5} more` : ''}.`,
  ]
}

/** The parts that have something to say. */
export function sectionsOf(report: ScoreReport): Section[] {
  return [
    ruleSection(report),
    scenarioSection(report.scenarios),
    missedSection(report),
    falseSection(report),
    ablationSection(report),
    ...robustnessSections(report),
  ].filter(({ rows, items, remarks }) => rows.length + items.length + remarks.length > 0)
}

function section(title: string, part: Partial<Section>): Section {
  return { title, columns: [], rows: [], items: [], remarks: [], ...part }
}

function ruleSection({ rows }: ScoreReport): Section {
  return section('Rules', {
    columns: [
      { title: 'rule' },
      { title: 'found', right: true, fixed: true },
      { title: 'false', right: true, fixed: true },
      { title: 'precision', right: true, fixed: true },
      { title: 'per M queries', right: true, fixed: true },
      { title: 'per day', right: true, fixed: true },
    ],
    rows: rows.map(ruleCells),
    remarks: [
      `false: alerts + reviews (30 to 49 points). per M queries, per day: false findings in benign captures for a million queries and for a day of a client, and in brackets the rate that they stay below with 95 % confidence.${rows.some(({ isBaseline }) => isBaseline) ? ' Indented: rules of other programs, on the same captures.' : ''}`,
    ],
  })
}

function ruleCells(row: Row): string[] {
  const alerts = count(row.falseAlerts)
  return [
    row.isBaseline ? `  ${row.title}` : row.id,
    row.truths === 0 ? '-' : `${row.found} of ${row.truths}`,
    row.isBaseline ? alerts : `${alerts} + ${count(row.falseReviews)}`,
    row.precision === null ? '-' : percent(row.precision),
    rateText(row.perMillionQueries),
    rateText(row.perClientDay),
  ]
}

function rateText({ rate, below }: Rate): string {
  if (rate === null || below === null) return '-'
  return `${short(rate)} (<${short(below)})`
}

/** Two digits that count. */
function short(value: number): string {
  if (value === 0) return '0'
  return value >= 100 ? count(Math.round(value)) : String(Number(value.toPrecision(2)))
}

function scenarioSection(scenarios: readonly ScenarioRow[]): Section {
  return section('Scenarios', {
    columns: [
      { title: 'scenario' },
      { title: 'detector' },
      { title: 'found', right: true, fixed: true },
      { title: 'to alert', right: true, fixed: true },
      { title: 'longest', right: true, fixed: true },
      { title: 'got away', right: true, fixed: true },
    ],
    rows: scenarios.map((row) => [
      printable(row.scenario),
      row.detector,
      `${row.found} of ${row.truths}`,
      row.medianSecondsToAlert === null ? '-' : duration(row.medianSecondsToAlert),
      row.longestSecondsToAlert === null ? '-' : duration(row.longestSecondsToAlert),
      gotAway(row),
    ]),
    remarks:
      scenarios.length === 0
        ? []
        : [
            'to alert: median packet time from the first packet of an event until the detectors, run at that moment, alert. got away: median bytes that had left by then, or all clients that had been answered.',
          ],
  })
}

function gotAway({ medianLeakedBytes, exposedClients }: ScenarioRow): string {
  if (medianLeakedBytes !== null) return size(Math.round(medianLeakedBytes))
  return exposedClients === null ? '-' : plural(exposedClients, 'client')
}

function missedSection({ missed }: ScoreReport): Section {
  return section('Missed', {
    items: missed.map(({ path, kind, scenario, entity, score, minScore, mayMiss }) => ({
      head: `${kind}: ${printable(scenario)}, ${printablePath(path)}`,
      body: `${printable(pairs(entity))}${score === 0 ? 'no finding about it' : `${score} points of ${minScore}`}${mayMiss === undefined ? '' : `; may be missed: ${printable(mayMiss)}`}`,
    })),
  })
}

function falseSection({ false: wrong }: ScoreReport): Section {
  return section('False findings', {
    items: wrong.map(({ path, rule, score, why, benign }) => ({
      head: `${rule}, ${score} points, ${printablePath(path)}${benign ? '' : ' (not benign)'}`,
      body: printable(why),
    })),
  })
}

function pairs(entity: Readonly<Record<string, string>>): string {
  const all = Object.entries(entity).map(([field, value]) => `${field} ${value}`)
  return all.length === 0 ? '' : `${all.join(', ')}: `
}

function ablationSection({ ablation }: ScoreReport): Section {
  const isChange = (row: AblationRow) =>
    row.found !== row.foundWithout ||
    row.alertsFalse !== row.alertsFalseWithout ||
    row.reviewsFalse !== row.reviewsFalseWithout
  const changing = ablation.length === 1 ? ablation : ablation.filter(isChange)
  const others = ablation.length - changing.length
  return section('Without a source of points', {
    columns: [
      { title: 'without' },
      { title: 'detector' },
      { title: 'found', right: true, fixed: true },
      { title: 'false alerts', right: true, fixed: true },
      { title: 'reviews', right: true, fixed: true },
    ],
    rows: changing.map((row) => [
      row.point,
      row.detector,
      change(row.found, row.foundWithout),
      change(row.alertsFalse, row.alertsFalseWithout),
      change(row.reviewsFalse, row.reviewsFalseWithout),
    ]),
    remarks:
      others === 0 ? [] : [`${plural(others, 'other source')} of points can go without a change.`],
  })
}

function change(before: number, after: number): string {
  return before === after ? count(before) : `${count(before)} -> ${count(after)}`
}

/** One cause shows in many twins. */
const shownOfTwins = 10

function robustnessSections({ robustness }: ScoreReport): Section[] {
  if (robustness === null) return []
  const { rows, twins } = robustness
  const wrong = twins.flatMap(({ kind, path, false: findings }) =>
    findings.map(({ rule, score, why }) => ({
      head: `${kind}: ${rule}, ${score} points, ${printablePath(path)}`,
      body: printable(why),
    })),
  )
  const more = Math.max(0, wrong.length - shownOfTwins)
  return [
    section('Worse vantages', {
      columns: [
        { title: 'twins' },
        { title: 'captures', right: true, fixed: true },
        { title: 'found', right: true, fixed: true },
        { title: 'false', right: true, fixed: true },
        { title: 'false before', right: true, fixed: true },
        { title: '', fixed: true },
      ],
      rows: rows.map((row) => [
        row.kind,
        count(row.captures),
        `${row.found} of ${row.truths}`,
        `${count(row.falseAlerts)} + ${count(row.falseReviews)}`,
        count(row.falseBefore),
        row.isWithinTwice ? '' : 'more than twice',
      ]),
      remarks: [
        `Twins of every capture with ${fewestRows} exchanges or more: one packet of twenty lost, each packet twice, one direction alone, answers stamped by a clock a second off, packets out of order.`,
      ],
    }),
    section('False findings in twins', {
      items: wrong.slice(0, shownOfTwins),
      remarks: more === 0 ? [] : [`And ${count(more)} more: --json has them all.`],
    }),
  ]
}
