// overhear score: how good the detectors are on labelled captures, beside rules of other programs.

import { Command, Option } from 'commander'
import { SourceError, UsageError } from '../errors.ts'
import { detectors } from '../inspect/detect/index.ts'
import { jsonText } from '../inspect/report/json.ts'
import { progressOn } from '../inspect/report/progress.ts'
import { scoreMarkdown, scoreText } from '../inspect/report/score-text.ts'
import { styleFor } from '../inspect/report/style.ts'
import { terminalWidth } from '../inspect/report/table.ts'
import { baselines } from '../inspect/score/baselines.ts'
import type { Ablate } from '../inspect/score/ablation.ts'
import { isAsExpected, type ScoreReport } from '../inspect/score/card.ts'
import { freeze, frozenPath, thresholdsOf } from '../inspect/score/frozen.ts'
import { say, writeOut } from './output.ts'
import { scoreFolders } from './score-run.ts'
import { jsonOption } from './shared.ts'

/** The `score` verb. */
export function scoreCommand(): Command {
  return new Command('score')
    .summary('score the detectors on labelled captures')
    .description(
      'Replays labelled captures, each alone in a throw-away store, and says what was found, ' +
        'what was missed, what was said for nothing, and how soon. A label is NAME.json beside ' +
        'NAME.pcap, or an entry in labels.json (docs/scoring.md has the format).',
    )
    .argument('[dir...]', 'folders with labelled captures, or captures')
    .addOption(jsonOption())
    .addOption(
      new Option('--format <name>', 'text, md or json')
        .choices(['text', 'md', 'json'])
        .default('text'),
    )
    .option('--detector <id>', `only this one (repeatable): ${ids.join(', ')}`, collect)
    .option('--baselines', 'rules of other programs as rows of the same table')
    .option('--ablate <point>', 'what changes without this source of points; all: each in turn')
    .option('--robustness', 'twins with losses, copies, one direction, a wrong clock, no order')
    .option('--no-times', 'leave out how soon alerts came, which takes most of the time')
    .option('--exit-code', 'exit with 1 when an event is missed or a benign capture alerts')
    .option('--freeze', 'write the thresholds to samples/thresholds.json, and do nothing else')
    .addHelpText('after', examples)
    .action(score)
}

interface ScoreFlags {
  json?: true
  format: 'text' | 'md' | 'json'
  detector?: string[]
  baselines?: true
  ablate?: string
  robustness?: true
  times: boolean
  exitCode?: true
  freeze?: true
}

const ids = detectors.map(({ id }) => id)

/** Longer lines are hard to read on a wide screen. */
const longestLine = 100

async function score(paths: string[], flags: ScoreFlags): Promise<void> {
  if (flags.freeze) return freezeNow()
  if (paths.length === 0) {
    throw new UsageError(
      'score needs a folder of labelled captures. Example: overhear score samples',
    )
  }
  const chosen = detectors.filter(({ id }) => flags.detector?.includes(id) ?? true)
  const progress = progressOn()
  const report = await scoreFolders(paths, {
    detectors: chosen,
    allDetectors: detectors,
    baselines:
      flags.baselines === undefined
        ? []
        : baselines.filter(({ kind }) => chosen.some(({ id }) => id === kind)),
    ablate: ablateOf(flags.ablate),
    robustness: flags.robustness === true,
    times: flags.times,
    onCapture: (path, bytes, totalBytes) =>
      progress.update({ path, bytes, totalBytes, packets: 0 }),
    onProblem: (sentence) => {
      progress.clear()
      say(sentence)
    },
  })
  progress.clear()
  await writeOut(drawn(report, flags.json === true ? 'json' : flags.format))
  if (report.problems.length > 0) process.exitCode = 3
  if (flags.exitCode && !isAsExpected(report)) process.exitCode = 1
}

function drawn(report: ScoreReport, format: ScoreFlags['format']): string {
  if (format === 'json') return `${jsonText(report, 2)}\n`
  if (format === 'md') return `${scoreMarkdown(report).join('\n')}\n`
  const width = Math.min(terminalWidth(process.stdout), longestLine)
  return `${scoreText(report, { width, style: styleFor(process.stdout) }).join('\n')}\n`
}

async function freezeNow(): Promise<void> {
  const thresholds = thresholdsOf(detectors)
  try {
    await freeze(thresholds)
  } catch (thrown) {
    const reason = (thrown as NodeJS.ErrnoException).code ?? (thrown as Error).message
    throw new SourceError('no-thresholds', `cannot write ${frozenPath.pathname}: ${reason}`)
  }
  await writeOut(`${thresholds.hash}\n`)
}

/** `all`, `NAME`, or `DETECTOR/NAME`; the name as a finding shows it. */
function ablateOf(text: string | undefined): Ablate {
  if (text === undefined) return null
  if (text === 'all') return 'all'
  const [first = '', ...rest] = text.split('/')
  const isQualified = rest.length > 0 && ids.includes(first)
  const name = isQualified ? rest.join('/') : text
  const owners = detectors.filter(({ id, points }) => {
    return (!isQualified || id === first) && Object.hasOwn(points, name)
  })
  if (owners.length === 0) {
    const known = detectors.flatMap(({ id, points }) =>
      Object.keys(points).map((point) => `${id}/${point}`),
    )
    throw new UsageError(
      `--ablate knows no source of points called "${text}"; they are: ${known.join(', ')}`,
    )
  }
  return isQualified ? { detector: first, name } : { name }
}

function collect(id: string, before: string[] = []): string[] {
  if (ids.includes(id)) return [...before, id]
  throw new UsageError(`--detector takes one of ${ids.join(', ')}, not "${id}"`)
}

const examples = `
Examples:
  overhear score samples
  overhear score samples ./captures --baselines --robustness --ablate all
  overhear score samples --format md > docs/score.md
  overhear score samples --exit-code --json > today.json
`
