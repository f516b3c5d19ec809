// The questions a hunt can ask, each with how it reads its value.

import type { Database } from '../../database/database.ts'
import { UsageError } from '../../errors.ts'
import { jsonText } from '../report/json.ts'
import { huntAddress } from './address.ts'
import { answerDataOf, huntAnswer } from './answer.ts'
import { huntClient } from './client.ts'
import { huntDomain } from './domain.ts'
import { huntName } from './name.ts'
import { networkPart } from './network.ts'
import type { HuntOptions, Part } from './part.ts'
import { addressRangeOf, nameOf } from './subject.ts'

/** What can be hunted. */
export const questions = ['name', 'address', 'client', 'domain', 'answer'] as const

/** One of the questions. */
export type Question = (typeof questions)[number]

/** A question about one value, ready to ask. `value` is the value in its usual form. */
export interface Hunt {
  question: Question
  value: string
  ask(database: Database, options: HuntOptions): Promise<Part[]>
}

/** Reads a value; a UsageError says what the question takes instead, with an example. */
export function huntFor(question: Question, text: string): Hunt {
  const { value, ask } = readers[question](text)
  return {
    question,
    value,
    async ask(database, options) {
      const parts = await ask(database, options)
      return [...parts, await networkPart(database, parts, options)]
    },
  }
}

const readers: Record<Question, (text: string) => Omit<Hunt, 'question'>> = {
  name(text) {
    const value = nameOf(text, 'hunt name')
    return { value, ask: (database, options) => huntName(database, value, options) }
  },
  address(text) {
    const range = addressRangeOf(text, 'address')
    return { value: range.text, ask: (database, options) => huntAddress(database, range, options) }
  },
  client(text) {
    const range = addressRangeOf(text, 'client')
    return { value: range.text, ask: (database, options) => huntClient(database, range, options) }
  },
  domain(text) {
    const value = nameOf(text, 'hunt domain')
    return { value, ask: (database, options) => huntDomain(database, value, options) }
  },
  answer(text) {
    const data = answerDataOf(text)
    return { value: text.trim(), ask: (database, options) => huntAnswer(database, data, options) }
  },
}

/** Reads values, one a line, empty lines and `#` comments left out; all are checked before anything is asked. */
export function huntsFrom(question: Question, text: string, path: string): Hunt[] {
  const hunts: Hunt[] = []
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue
    try {
      hunts.push(huntFor(question, line))
    } catch (error) {
      if (!(error instanceof UsageError)) throw error
      throw new UsageError(`${path} line ${i + 1}: ${error.message}`, error.code)
    }
  }
  if (hunts.length === 0) throw new UsageError(`${path} holds no values: one on each line`)
  return hunts
}

/** The rows of a hunt as JSON lines: `{hunt, value, kind, …}`. */
export function huntLines(hunt: Hunt, parts: readonly Part[]): string {
  return parts
    .flatMap((part) =>
      part.rows.map((row) =>
        jsonText({ hunt: hunt.question, value: hunt.value, kind: part.kind, ...row }),
      ),
    )
    .map((line) => `${line}\n`)
    .join('')
}
