// Rows for tests are written as an analyst reads them: what the table keeps as a difference or not at all is worked out here.

/** SQL expressions by column of `transactions`. */
export type Fields = Record<string, string>

/** The same row in stored columns: `response_ts`, `latency_us`, `response_frame` and `rr.name` are aliases there. */
export function storedFields(fields: Fields): Fields {
  const {
    response_ts: responseTs,
    latency_us: latencyUs,
    response_frame: responseFrame,
    'rr.name': owners,
    ...stored
  } = fields
  if (owners !== undefined) stored['rr.owner'] = owners
  if (fields['capture'] !== undefined) stored['response_capture'] ??= fields['capture']
  if (responseFrame !== undefined)
    stored['frame_gap'] =
      `if((${responseFrame}) = 0, 0, toInt64(${responseFrame}) - toInt64(${fields['frame'] ?? '0'}))`
  if (responseTs !== undefined)
    stored['latency_ns'] =
      `if(${nanoseconds(responseTs)} = 0, 0, ${nanoseconds(responseTs)} - ${nanoseconds(fields['ts'] ?? '0')})`
  else if (latencyUs !== undefined) stored['latency_ns'] = `1000 * toInt64(${latencyUs})`
  return stored
}

function nanoseconds(time: string): string {
  return `toUnixTimestamp64Nano(toDateTime64(${time}, 9, 'UTC'))`
}
