// Names and texts in other programs' spelling: ours back to bytes, bytes as tshark shows them, labels from the wire.

/** The labels of a name in our presentation form, as bytes. */
export function labelsOf(name: string): Buffer[] {
  if (name === '.' || name === '') return []
  const labels: number[][] = [[]]
  for (let i = 0; i < name.length; i++) {
    if (name[i] === '.') labels.push([])
    else if (name[i] === '\\' && isDigit(name[i + 1])) {
      labels[labels.length - 1].push(Number(name.slice(i + 1, i + 4)))
      i += 3
    } else {
      if (name[i] === '\\') i++
      labels[labels.length - 1].push(name.charCodeAt(i))
    }
  }
  return labels.map((label) => Buffer.from(label))
}

/** The labels of the name at `at`; pointers lead into `message`. */
export function wireLabels(
  wire: Buffer,
  at: number,
  message: Buffer,
): { labels: Buffer[]; end: number } {
  const labels: Buffer[] = []
  let end = -1
  for (let steps = 0; steps < 256; steps++) {
    const length = wire[at]
    if (length === undefined || (length >= 64 && length < 192)) break
    if (length === 0) return { labels, end: end < 0 ? at + 1 : end }
    if (length >= 192) {
      if (end < 0) end = at + 2
      at = ((length & 63) << 8) | wire[at + 1]
      wire = message
      continue
    }
    labels.push(wire.subarray(at + 1, at + 1 + length))
    at += 1 + length
  }
  return { labels, end: -1 }
}

/** Our presentation form of labels (RFC 1035 section 5.1, RFC 4343 section 2.1), built a second time. */
export function presented(labels: Buffer[]): string {
  if (labels.length === 0) return '.'
  const octetText = (octet: number) => {
    const letter = String.fromCharCode(octet)
    if (octet <= 32 || octet >= 127) return `\\${String(octet).padStart(3, '0')}`
    return /[".;\\()@$]/.test(letter) ? `\\${letter}` : letter.toLowerCase()
  }
  return labels.map((label) => [...label].map(octetText).join('')).join('.')
}

/** Labels as tshark 4.0 shows them: dots inside labels bare, control octets as in C, what is no UTF-8 as U+FFFD. */
export function tsharkName(labels: Buffer[]): string {
  if (labels.length === 0) return '<Root>'
  return tsharkText(Buffer.concat(labels.flatMap((label) => [Buffer.from('.'), label])).subarray(1))
}

/** Octets as tshark 4.0 shows a string. */
export function tsharkText(octets: Buffer): string {
  return octets.toString('utf8').replace(/[\0-\x1f\x7f]/g, (char) => cEscapes[char] ?? octal(char))
}

/** Text with its ASCII letters in lower case (RFC 4343); other letters have no case in DNS. */
export function folded(text: string): string {
  return isAscii.test(text)
    ? text.toLowerCase()
    : text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
}

const isAscii = /^[\0-\x7f]*$/

const cEscapes: Readonly<Record<string, string>> = {
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
}

function octal(char: string): string {
  return `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}`
}

function isDigit(char: string | undefined): boolean {
  return char !== undefined && char >= '0' && char <= '9'
}
