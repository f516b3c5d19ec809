// Addresses that are never out on the Internet: RFC 1918, 6598, 3927, 1122, 4193, 4291.

/** Matches an inside address as the store writes it, in RE2 and in JavaScript. */
const insidePattern =
  '^(10\\.|127\\.|0\\.0\\.0\\.0$|169\\.254\\.|192\\.168\\.|172\\.(1[6-9]|2[0-9]|3[01])\\.|100\\.(6[4-9]|[7-9][0-9]|1[01][0-9]|12[0-7])\\.|f[cd][0-9a-f]{2}:|fe[89ab][0-9a-f]:|::1?$|::ffff:)'

const pattern = new RegExp(insidePattern)

/** True for an inside address. */
export function isInside(address: string): boolean {
  return pattern.test(address)
}

/** SQL for whether the text in `column` is an inside address. */
export function insideSql(column: string): string {
  return `match(${column}, '${insidePattern.replaceAll('\\', '\\\\')}')`
}
