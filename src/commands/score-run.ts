// Replays labelled captures, each alone in one throw-away store, and scores the detectors on them: where both halves meet for `overhear score`.

import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Database } from '../database/database.ts'
import { openStore, throwAway } from '../database/open.ts'
import { SourceError } from '../errors.ts'
import { expandPaths } from '../ingest/capture/folder.ts'
import { ingestFiles } from '../ingest/files.ts'
import { packetsOf, twinKinds, twinOf } from '../ingest/twins.ts'
import type { Detector } from '../inspect/detect/detector.ts'
import { type Baseline } from '../inspect/score/baselines.ts'
import type { Ablate } from '../inspect/score/ablation.ts'
import { cardOf, type Scored, type ScoreReport } from '../inspect/score/card.ts'
import { changesSince, readFrozen, thresholdsOf } from '../inspect/score/frozen.ts'
import { type Label, labelOf } from '../inspect/score/label.ts'
import { emptyStore } from '../inspect/score/measure.ts'
import { fewestRows, scoreTwin, twinRows, type TwinScore } from '../inspect/score/robustness.ts'
import { scoreCapture } from '../inspect/score/score.ts'
import { printablePath } from '../inspect/report/printable.ts'

/** How the detectors are scored. */
export interface ScoreRunOptions {
  detectors: readonly Detector[]
  /** All detectors: the thresholds under the hash. */
  allDetectors: readonly Detector[]
  baselines: readonly Baseline[]
  ablate: Ablate
  robustness: boolean
  times: boolean
  /** Told before each capture, with its place in bytes of all. */
  onCapture?: (path: string, bytes: number, totalBytes: number) => void
  onProblem?: (sentence: string) => void
}

/** Scores every labelled capture below `paths`; SourceError when there is none. */
export async function scoreFolders(
  paths: readonly string[],
  options: ScoreRunOptions,
): Promise<ScoreReport> {
  const found = await labelledBelow(paths)
  const problems: string[] = []
  const complain = (sentence: string) => {
    problems.push(sentence)
    options.onProblem?.(sentence)
  }
  const scored: Scored[] = []
  const twins: TwinScore[] = []
  const database = await openStore(throwAway)
  const folder = await mkdtemp(join(tmpdir(), 'overhear-twins-'))
  try {
    let bytes = 0
    for (const { path, label, sizeBytes } of found.labelled) {
      options.onCapture?.(path, bytes, found.totalBytes)
      bytes += sizeBytes
      const isRead = await fill(database, path, label, complain)
      if (isRead) {
        const { score, written } = await scoreCapture(database, path, label, options)
        const one = { label, score, written }
        scored.push(one)
        if (options.robustness && score.exposure.rows >= fewestRows) {
          twins.push(...(await twinsOf(one, database, folder, options, complain)))
        }
      }
      await emptyStore(database)
    }
  } finally {
    await database.close()
    await rm(folder, { recursive: true, force: true })
  }
  const now = thresholdsOf(options.allDetectors)
  const changes = changesSince(await readFrozen(), now)
  return {
    ...cardOf(scored, found.unlabelled, options.detectors, options.baselines, options.ablate),
    thresholds: { hash: now.hash, isFrozen: changes.length === 0, changes },
    robustness: options.robustness ? { rows: twinRows(twins), twins } : null,
    perCapture: scored.map(({ score }) => score),
    problems,
  }
}

interface Found {
  labelled: { path: string; label: Label; sizeBytes: number }[]
  unlabelled: number
  totalBytes: number
}

async function labelledBelow(paths: readonly string[]): Promise<Found> {
  const found: Found = { labelled: [], unlabelled: 0, totalBytes: 0 }
  const expanded = await expandPaths(paths)
  for (const path of new Set(expanded.paths)) {
    const sizeBytes = await sizeOf(path)
    const label = await labelOf(path)
    if (label === null) {
      found.unlabelled++
      continue
    }
    found.totalBytes += sizeBytes
    found.labelled.push({ path, label, sizeBytes })
  }
  if (found.labelled.length > 0) return found
  throw new SourceError(
    'no-labels',
    `${paths.join(', ')}: none of ${found.unlabelled} captures has a label: NAME.json beside NAME.pcap, or labels.json in its folder`,
  )
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size
  } catch {
    throw new SourceError('no-such-file', `${printablePath(path)}: no such file: check the path`)
  }
}

/** Puts one capture into the empty store; false where nothing of it can be read. What a cut file still holds is scored. */
async function fill(
  database: Database,
  path: string,
  { ports }: Label,
  complain: (sentence: string) => void,
): Promise<boolean> {
  const { files, problems } = await ingestFiles([path], database, { ports })
  if (files.length > 0) return true
  for (const sentence of problems) complain(sentence)
  return false
}

/** Scores the twins of a capture, each alone in the store. */
async function twinsOf(
  { label, score }: Scored,
  database: Database,
  folder: string,
  { detectors }: ScoreRunOptions,
  complain: (sentence: string) => void,
): Promise<TwinScore[]> {
  const packets = await packetsOf(score.path, label.ports)
  if (packets === null) {
    complain(`${score.path}: too large for twins, which are made in memory: cut it with editcap`)
    return []
  }
  const scores: TwinScore[] = []
  for (const kind of twinKinds) {
    const path = join(folder, 'twin.pcapng')
    await writeFile(path, twinOf(packets, kind))
    await emptyStore(database)
    if (await fill(database, path, label, complain)) {
      scores.push(await scoreTwin(database, kind, label, score, detectors))
    }
  }
  return scores
}
