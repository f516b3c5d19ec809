// Findings of one flood detector over made-up rows: those rows count their message ids, which other detectors rightly have words for.

import type { Finding } from '../src/inspect/detect/detector.ts'
import { checkedRun } from './detect-fixture.ts'

/** Runs every detector, checks what all findings promise, and keeps those of one. */
export async function findings(
  id: string,
  overrides: Record<string, Record<string, number>> = {},
): Promise<Finding[]> {
  return (await checkedRun({ overrides })).filter((finding) => finding.detector === id)
}
