// How fast can the packets of a capture be walked?

import { openCapture } from '../src/ingest/capture/capture.ts'
import { parseCapture } from './baseline.ts'
import { alternate, type Bench } from './bench.ts'

/** Reading alone: our capture reader beside pcap-parser. */
export const captureBench: Bench = {
  name: 'capture',
  asks: 'How fast can the packets of a capture be walked?',
  fairness:
    'Both read the file from the page cache. Ours also takes the SHA-256 of its content and the times of its packets; pcap-parser makes an object of each packet.',
  run: ({ capture, packets }) =>
    alternate(
      [
        { label: 'overhear', packets, work: () => walk(capture), baseline: 'pcap-parser' },
        { label: 'pcap-parser', packets, work: () => parseAll(capture) },
      ],
      5,
    ),
}

async function walk(path: string): Promise<number> {
  const capture = await openCapture(path)
  let bytes = 0
  for await (const batch of capture.batches()) {
    for (let i = 0; i < batch.count; i++) bytes += batch.captured[i]
  }
  return bytes
}

function parseAll(path: string): Promise<number> {
  let bytes = 0
  return new Promise((resolve, reject) => {
    parseCapture(path)
      .on('packet', ({ header }) => (bytes += header.capturedLength))
      .on('end', () => resolve(bytes))
      .on('error', reject)
  })
}
