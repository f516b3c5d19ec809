// Errors meant for people: each says what happened, on which input, and what to do next.

/** The command line cannot be understood; exit status 2, printed without a stack. */
export class UsageError extends Error {
  override name = 'UsageError'
  readonly code: string
  constructor(message: string, code = 'usage') {
    super(message)
    this.code = code
  }
}

/** An input cannot be read, in whole or from some byte on; exit status 3. */
export class SourceError extends Error {
  override name = 'SourceError'
  readonly code: string
  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

/** The store cannot be opened, written or read; exit status 4. */
export class StoreError extends Error {
  override name = 'StoreError'
  readonly code: string
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
