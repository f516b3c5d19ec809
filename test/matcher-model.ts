// Test helper: the matcher as one would write it without a thought for speed or bounds, an oracle for the real one.

/** A message; numbers stand for addresses, ports and names. Time never runs backwards here. */
export interface ModelEvent {
  seconds: number
  isResponse: boolean
  client: number
  server: number
  port: number
  id: number
  name: number
  /** Answers with the same variant are the same answer. */
  variant: number
}

/** A row; all near misses and unasked answers are `miss`. */
export interface ModelRow {
  match: string
  frame: number
  responseFrame: number
  attempts: number
}

interface Query {
  key: string
  frame: number
  seconds: number
  attempts: number
  state: 'pending' | 'answered' | 'given up'
  variant: number
}

interface Answer {
  key: string
  frame: number
  seconds: number
  variant: number
}

const timeoutSeconds = 10
const skewSeconds = 0.002
const waitingPlaces = 16

/** Pairs by DESIGN's words: one exchange a row, 10 s to answer, 30 s of memory, 2 ms of patience with answers that come first. */
export class ModelMatcher {
  private frames = 0
  private queries: Query[] = []
  private waiting: Answer[] = []
  private readonly rows: ModelRow[] = []

  take(event: ModelEvent): void {
    this.advance(event.seconds)
    const frame = ++this.frames
    const { seconds, variant } = event
    const key = [event.client, event.server, event.port, event.id, event.name].join(' ')
    if (event.isResponse) {
      const answer = { key, frame, seconds, variant }
      if (this.newest(key) !== undefined) this.judge(answer)
      else if (this.waiting.length < waitingPlaces) this.waiting.push(answer)
      else this.judge(answer)
      return
    }
    const before = this.newest(key)
    if (before?.state === 'pending') {
      before.attempts++
      return
    }
    this.queries.push({ key, frame, seconds, attempts: 1, state: 'pending', variant: -1 })
    const early = this.waiting.find((answer) => answer.key === key)
    if (early === undefined) return
    this.waiting = this.waiting.filter((answer) => answer !== early)
    this.judge(early)
  }

  finish(): ModelRow[] {
    for (const answer of this.waiting) this.judge(answer)
    for (const query of this.queries) if (query.state === 'pending') this.giveUp(query, 'open')
    return this.rows
  }

  private advance(seconds: number): void {
    for (const query of this.queries) {
      if (query.state === 'pending' && micros(seconds - query.seconds) > micros(timeoutSeconds)) {
        this.giveUp(query, 'unanswered')
      }
    }
    const now = Math.floor(seconds)
    this.queries = this.queries.filter(
      (query) => now - Math.floor(query.seconds) <= 3 * timeoutSeconds,
    )
    const isOver = (answer: Answer) => micros(seconds - answer.seconds) > micros(skewSeconds)
    const over = this.waiting.filter(isOver)
    this.waiting = this.waiting.filter((answer) => !isOver(answer))
    for (const answer of over) this.judge(answer)
  }

  private judge({ key, frame: responseFrame, variant }: Answer): void {
    const query = this.newest(key)
    if (query === undefined) {
      this.rows.push({ match: 'miss', frame: 0, responseFrame, attempts: 0 })
      return
    }
    const { frame, state } = query
    if (state === 'answered') {
      const match = query.variant === variant ? 'duplicate' : 'conflict'
      this.rows.push({ match, frame, responseFrame, attempts: 0 })
      return
    }
    query.state = 'answered'
    query.variant = variant
    const isLate = state === 'given up'
    const attempts = isLate ? 0 : query.attempts
    this.rows.push({ match: isLate ? 'late' : 'answered', frame, responseFrame, attempts })
  }

  private giveUp(query: Query, match: string): void {
    query.state = 'given up'
    this.rows.push({ match, frame: query.frame, responseFrame: 0, attempts: query.attempts })
  }

  private newest(key: string): Query | undefined {
    return this.queries.findLast((query) => query.key === key)
  }
}

function micros(seconds: number): number {
  return Math.round(seconds * 1e6)
}
