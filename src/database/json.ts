// Reads JSONEachRow without losing the low digits of 64-bit integers.

/** The rows of a JSONEachRow text; integers beyond 2^53 come back as decimal strings. */
export function parseRows<Row>(text: string): Row[] {
  // A raw newline only ever stands between rows: inside strings the engine escapes it.
  const list = `[${text.trimEnd().replaceAll('\n', ',')}]`
  return JSON.parse(/\d{16}/.test(list) ? quoteLargeIntegers(list) : list) as Row[]
}

function quoteLargeIntegers(json: string): string {
  return json.replace(/"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g, (token) =>
    /^-?\d{16,}$/.test(token) && !Number.isSafeInteger(Number(token)) ? `"${token}"` : token,
  )
}
