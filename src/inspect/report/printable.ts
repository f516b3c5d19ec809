// Makes text that came from a packet or a path safe to show: nothing in it can move the cursor, recolour or reorder a line.

/** Text chosen by whoever sent the packet: printable ASCII stays, every other character becomes `\xNN` or `\u{NNNN}`. */
export function printable(text: string): string {
  return safe.test(text) ? text : text.replace(unsafe, escapeCharacter)
}

/** Text chosen by our own user (a path, a sensor's name): letters of any script stay, controls and invisible formatting are escaped. */
export function printablePath(text: string): string {
  return safe.test(text) ? text : text.replace(invisible, escapeCharacter)
}

const safe = /^[ -~]*$/
const unsafe = /[^ -~]/gu

/** Controls, format characters (bidi overrides among them), surrogates, private use, unassigned, and every space but the plain one. */
const invisible = /[\p{C}\p{Zl}\p{Zp}\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]/gu

function escapeCharacter(character: string): string {
  const code = character.codePointAt(0)!
  if (code < 256) return `\\x${code.toString(16).padStart(2, '0')}`
  return `\\u{${code.toString(16)}}`
}
