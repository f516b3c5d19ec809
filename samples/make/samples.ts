// Every file that the samples folder is made of, but the readme and the makers.

import { amplification } from './amplification.ts'
import { answerChange } from './answer-change.ts'
import { dga } from './dga.ts'
import { exfiltration } from './exfiltration.ts'
import { floods } from './floods.ts'
import { formats } from './formats.ts'
import { malformed } from './malformed.ts'
import { poisoning } from './poisoning.ts'
import { quietHour } from './quiet-hour.ts'
import type { SampleFile } from './sample.ts'
import { twins } from './twins.ts'

/** The files, in a fixed order; the same bytes at each call but for how zlib of this machine compresses. */
export function samples(): SampleFile[] {
  return [
    ...quietHour(),
    ...exfiltration(),
    ...dga(),
    ...amplification(),
    ...floods(),
    ...poisoning(),
    ...answerChange(),
    ...formats(),
    ...twins(),
    ...malformed(),
  ]
}
