// Ctrl-C as a request: the first one ends the work in good order, the second one ends the process.

/** A signal that is aborted by SIGINT or SIGTERM until `stop` is called. */
export function untilInterrupted(): { signal: AbortSignal; stop(): void } {
  const controller = new AbortController()
  const abort = () => {
    if (controller.signal.aborted) process.exit(130)
    controller.abort()
  }
  process.on('SIGINT', abort)
  process.on('SIGTERM', abort)
  return {
    signal: controller.signal,
    stop() {
      process.off('SIGINT', abort)
      process.off('SIGTERM', abort)
    },
  }
}
