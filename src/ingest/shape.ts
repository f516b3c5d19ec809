// The options that decide which rows stand in which block, in words: a run that was interrupted is repeated with the same.

import type { PipelineOptions } from './pipeline.ts'

/** The options that decide which rows stand in which block, in words. */
export function shapeOf(run: PipelineOptions): string {
  const { timeoutSeconds, limits } = run.match
  const ports = [...new Set(run.ports)].sort((a, b) => a - b).map((port) => `--port ${port}`)
  return [
    ports.length === 0 ? 'no --port' : ports.join(' '),
    `timeout ${timeoutSeconds} s`,
    `sensor ${JSON.stringify(run.sensor)}`,
    `${limits.entries} queries and ${limits.arenaBytes} bytes under way`,
    `${run.blockRows} rows a block`,
    ...(run.keepDuplicates ? ['--keep-duplicates'] : []),
    ...(run.mask === undefined ? [] : [`--mask-clients ${run.mask.text}`]),
  ].join(', ')
}
