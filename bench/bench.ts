// What a bench is: one question, its contenders measured in the same run, and figures as ratios to the baseline.

import { Bench as Tinybench } from 'tinybench'

/** What a bench is given. */
export interface Setting {
  /** A classic pcap of microseconds in Ethernet frames. */
  capture: string
  /** Packets to use of it, at most. */
  packets: number
}

/** One contender's result. */
export interface Figure {
  label: string
  /** Median packets (or rows, as the bench says) per second. */
  rate: number
  /** Slowest and fastest run. */
  slowest: number
  fastest: number
  runs: number
  /** Label of the figure this one is compared with. */
  baseline?: string
  /** Whatever else is worth knowing, in a few words: memory, bytes. */
  note?: string
}

/** One question. A bench runs in a process of its own, so that no other one has shaped its machine code. */
export interface Bench {
  name: string
  asks: string
  /** What is compared with what, and where that is unfair. */
  fairness: string
  run(setting: Setting): Promise<Figure[]>
}

/** Something to be timed that does `packets` packets' work each time; `before` is not timed. */
export interface Contender {
  label: string
  packets: number
  work: () => unknown
  before?: () => void
  baseline?: string
}

/** Times contenders in this process, each at least `iterations` times after a warm-up. */
export async function compare(
  contenders: readonly Contender[],
  iterations: number,
): Promise<Figure[]> {
  const bench = new Tinybench({
    iterations,
    time: 1000,
    warmupIterations: 2,
    warmupTime: 300,
    retainSamples: true,
    throws: true,
  })
  for (const { label, work, before } of contenders) {
    bench.add(label, work, before === undefined ? {} : { beforeEach: before })
  }
  const tasks = await bench.run()
  return contenders.map((contender, index) => {
    const { result } = tasks[index]
    if (!('latency' in result)) throw new Error(`${contender.label}: ${result.state}`)
    return figure(contender, result.latency.samples ?? [])
  })
}

/** Times contenders that take seconds: A B A B and so on, so that a slow moment of the machine hits both. */
export async function alternate(
  contenders: readonly Contender[],
  rounds: number,
): Promise<Figure[]> {
  const samples = contenders.map((): number[] => [])
  for (let round = 0; round < rounds; round++) {
    for (const [index, { work, before }] of contenders.entries()) {
      before?.()
      const started = performance.now()
      await work()
      samples[index].push(performance.now() - started)
    }
  }
  return contenders.map((contender, index) => figure(contender, samples[index]))
}

/** A figure from run times in milliseconds. */
export function figure(
  { label, packets, baseline }: Pick<Contender, 'label' | 'packets' | 'baseline'>,
  samplesMs: readonly number[],
): Figure {
  const rates = samplesMs.map((ms) => (packets / ms) * 1000).sort((a, b) => a - b)
  return {
    label,
    rate: median(rates),
    slowest: rates[0],
    fastest: rates[rates.length - 1],
    runs: rates.length,
    ...(baseline === undefined ? {} : { baseline }),
  }
}

/** The middle one, or the mean of the two middle ones. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
