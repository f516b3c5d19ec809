// Finds the error a ClickHouse server appends to a result that broke off half way (since 25.11).

/** Passes the bytes of a result through; throws what the server reported behind them. An empty tag passes everything. */
export async function* withoutException(
  body: AsyncIterable<Buffer>,
  tag: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (tag === '') {
    yield* body
    return
  }
  // "\r\n__exception__\r\nTAG\r\nmessage\nlength TAG\r\n__exception__\r\n"; the tag is random for each response.
  const marker = Buffer.from(`\r\n__exception__\r\n${tag}\r\n`)
  let held: Buffer = Buffer.alloc(0)
  let isException = false
  try {
    for await (const chunk of body) {
      held = held.length === 0 ? chunk : Buffer.concat([held, chunk])
      if (isException) continue
      const found = held.indexOf(marker)
      const end = found === -1 ? startOfMarker(held, marker) : found
      if (end > 0) yield held.subarray(0, end)
      held = found === -1 ? held.subarray(end) : held.subarray(found + marker.length)
      isException = found !== -1
    }
  } catch (thrown) {
    // The server also cuts the connection, so that clients that do not look notice too.
    if (!isException) throw thrown
  }
  if (isException) throw new Error(reportedError(held.toString('utf8'), tag))
  if (held.length > 0) yield held
}

/** Where a marker that goes on in the next chunk may begin; the length when it cannot. */
function startOfMarker(bytes: Buffer, marker: Buffer): number {
  const first = Math.max(0, bytes.length - marker.length + 1)
  for (let at = bytes.indexOf(0x0d, first); at !== -1; at = bytes.indexOf(0x0d, at + 1)) {
    if (bytes.subarray(at).equals(marker.subarray(0, bytes.length - at))) return at
  }
  return bytes.length
}

function reportedError(text: string, tag: string): string {
  return text.split(` ${tag}`)[0]?.replace(/\s*\d+$/, '') ?? text
}
