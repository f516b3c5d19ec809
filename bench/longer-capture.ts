// A longer capture out of a shorter one: its packets again and again, each time later, so that nothing of one turn answers another.

import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'

/** Seconds between two turns: more than any timeout of the matcher. */
const pauseSeconds = 60

/** Writes the packets of a classic little-endian pcap `times` times to `to`. */
export function writeLonger(from: string, to: string, times: number): void {
  const whole = readFileSync(from)
  if (whole.readUInt32LE(0) !== 0xa1b2c3d4 && whole.readUInt32LE(0) !== 0xa1b23c4d) {
    throw new Error(`${from} is not a classic little-endian pcap`)
  }
  const starts: number[] = []
  for (let at = 24; at < whole.length; at += 16 + whole.readUInt32LE(at + 8)) starts.push(at)
  const first = whole.readUInt32LE(starts[0])
  const span = starts.reduce((latest, at) => Math.max(latest, whole.readUInt32LE(at)), 0) - first
  const file = openSync(to, 'w')
  try {
    writeSync(file, whole, 0, 24)
    for (let turn = 0; turn < times; turn++) {
      // Each turn moves the times on from where the last one left them.
      if (turn > 0) {
        for (const at of starts) {
          whole.writeUInt32LE(whole.readUInt32LE(at) + span + pauseSeconds, at)
        }
      }
      for (let at = 24; at < whole.length; ) at += writeSync(file, whole, at, whole.length - at)
    }
  } finally {
    closeSync(file)
  }
}
