// Engine sessions of this process: each runs one statement at a time, so they are lent out and given back.
import type { Session } from 'chdb'
import { StoreError } from '../errors.ts'
import type { Parameters } from './database.ts'
import { setParameters } from './statement.ts'

/** One engine session and the names of the parameters it still remembers; the engine cannot forget them. */
export interface Lent {
  session: Session
  bound: Set<string>
  /** Set when a statement failed or was left early: the next answer would begin with bytes left over from it (measured: TSVWithNames, XML). */
  isSpoiled: boolean
}

/** Up to `limit` sessions on one store, opened when first needed. */
export class SessionPool {
  readonly #open: () => Session
  readonly #limit: number
  readonly #setUp: readonly string[]
  readonly #all = new Set<Lent>()
  readonly #free: Lent[] = []
  readonly #waiting: ((lent: Lent | undefined) => void)[] = []
  #isClosed = false

  constructor(open: () => Session, limit: number, setUp: readonly string[]) {
    this.#open = open
    this.#limit = limit
    this.#setUp = setUp
  }

  /** How many sessions are lent out now. */
  get busy(): number {
    return this.#all.size - this.#free.length
  }

  /** Runs `work` with a session of its own. */
  async use<Result>(work: (lent: Lent) => Promise<Result>): Promise<Result> {
    const lent = await this.lend()
    try {
      return await work(lent)
    } catch (thrown) {
      lent.isSpoiled = true
      throw thrown
    } finally {
      this.giveBack(lent)
    }
  }

  /** A session until `giveBack`; waits while all are lent out. */
  async lend(): Promise<Lent> {
    if (this.#isClosed) throw closed()
    const free = this.#free.pop()
    if (free !== undefined) return this.#renewed(free)
    if (this.#all.size < this.#limit) return this.#add()
    const lent = await new Promise<Lent | undefined>((resolve) => this.#waiting.push(resolve))
    if (lent === undefined) throw closed()
    return this.#renewed(lent)
  }

  /** Returns a lent session. */
  giveBack(lent: Lent): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#free.push(lent)
    else next(lent)
  }

  /** Closes every session; statements still running keep theirs until they end. */
  close(): void {
    this.#isClosed = true
    for (const resolve of this.#waiting.splice(0)) resolve(undefined)
    for (const { session } of this.#all) session.close()
  }

  async #add(): Promise<Lent> {
    const lent = { session: this.#open(), bound: new Set<string>(), isSpoiled: false }
    this.#all.add(lent)
    for (const statement of this.#setUp) await lent.session.queryAsync(statement)
    return lent
  }

  async #renewed(lent: Lent): Promise<Lent> {
    if (!lent.isSpoiled) return lent
    const spoiled = lent.session
    try {
      // Opened before the other is closed: without any session the engine would leave the store to others.
      lent.session = this.#open()
      spoiled.close()
      lent.bound.clear()
      for (const statement of this.#setUp) await lent.session.queryAsync(statement)
      lent.isSpoiled = false
      return lent
    } catch (thrown) {
      this.giveBack(lent)
      throw thrown
    }
  }
}

/**
 * Binds parameters in the session. Not the addon's own binding: that one is shared by all sessions of the process,
 * so it runs statements with parameters one after the other.
 */
export async function bindParameters(lent: Lent, sql: string, parameters: Parameters) {
  for (const name of lent.bound) {
    if (!(name in parameters) && new RegExp(`\\{\\s*${name}\\s*:`).test(sql)) {
      throw new StoreError('unbound-parameter', `no value was given for the parameter {${name}}`)
    }
  }
  const names = Object.keys(parameters)
  if (names.length === 0) return
  const statement = setParameters(parameters)
  for (const name of names) lent.bound.add(name)
  await lent.session.queryAsync(statement)
}

function closed(): StoreError {
  return new StoreError('closed', 'the store is already closed')
}
