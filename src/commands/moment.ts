// The --since and --until flags: packet time, as ISO or as a length back from the newest packet.

import { Option } from 'commander'
import { parseMoment } from '../inspect/window.ts'

/** `--since` or `--until`; `help` says which side of the time is meant. */
export function momentOption(name: 'since' | 'until', help: string): Option {
  const example = name === 'since' ? '24h' : '1h'
  return new Option(
    `--${name} <time>`,
    `${help}: ISO, or ${example} before the newest packet`,
  ).argParser((text: string) => parseMoment(text, `--${name}`))
}
