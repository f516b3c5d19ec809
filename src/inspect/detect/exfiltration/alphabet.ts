// Recognises the alphabet that data in names was written in: an encoder uses its letters evenly, people do not.

/** An alphabet, and whether its letters are used as evenly as an encoder would. */
export interface Alphabet {
  name: AlphabetName
  isEven: boolean
  /** Excess of chi-square over what even use gives, per character: 0 is even, names people choose have 0.6 and more. */
  unevenness: number
}

export type AlphabetName =
  | 'hexadecimal'
  | 'base32'
  | 'base32hex'
  | 'base36 or case-folded base64'
  | 'base64'
  | 'base64url'
  | 'base128'
  | 'raw octets'
  | 'text'

/** Characters needed before evenness means anything. */
const minCharacters = 200

/**
 * Excess chi-square per character up to which letters count as evenly used. Measured on real tunnels, counters and headers included:
 * dnscat2 0.02, iodine 0.25 to 0.37, a TXT tunnel in base64 0.43; busy ordinary domains 0.57 to 1.5.
 */
const even = 0.45

/** Share of the characters that must be of an alphabet. */
const most = 0.97

const digits = '0123456789'
const letters = 'abcdefghijklmnopqrstuvwxyz'

/** Alphabets of encodings that fold case, the narrowest first. */
const folded: readonly [AlphabetName, string][] = [
  ['hexadecimal', `${digits}abcdef`],
  ['base32', `${letters}234567`],
  ['base32hex', `${digits}abcdefghijklmnopqrstuv`],
  ['base36 or case-folded base64', `${digits}${letters}`],
]

/** The alphabet of these subdomains, as sent where letter case carries data (`isMixedCase`), in lower case otherwise. */
export function alphabetOf(subdomains: readonly string[], isMixedCase: boolean): Alphabet {
  const counts = new Map<string, number>()
  let characters = 0
  for (const label of variedLabels(subdomains)) {
    for (const [character] of label.matchAll(/\\\d{3}|\\?./g)) {
      counts.set(character, (counts.get(character) ?? 0) + 1)
      characters++
    }
  }
  const sum = (is: (character: string) => boolean): number => {
    let n = 0
    for (const [character, times] of counts) if (is(character)) n += times
    return n
  }
  const judged = (name: AlphabetName, alphabet: string): Alphabet => {
    const unevenness = excess(counts, alphabet)
    return { name, isEven: characters >= minCharacters && unevenness <= even, unevenness }
  }
  const octets = sum((character) => /^\\\d{3}$/.test(character))
  if (octets >= characters * 0.1) {
    // iodine's base128 is letters, digits and the octets 188 to 253.
    const high = sum((character) => /^\\(?:18[89]|19\d|2[0-4]\d|25[0-3])$/.test(character))
    const name = high >= octets * most ? 'base128' : 'raw octets'
    return { name, isEven: characters >= minCharacters, unevenness: 0 }
  }
  const dashes = counts.get('-') ?? 0
  const share = (alphabet: string) =>
    sum((character) => alphabet.includes(character.toLowerCase())) /
    Math.max(1, characters - dashes)
  if (isMixedCase) {
    const url = sum((character) => character === '_') > 0 || dashes > 0
    const alphabet = `${digits}${letters}${letters.toUpperCase()}${url ? '-_' : '+/'}`
    if (share(`${alphabet}=+/_`) >= most) return judged(url ? 'base64url' : 'base64', alphabet)
  }
  for (const [name, alphabet] of folded) {
    if (share(alphabet) < most) continue
    const found = judged(name, alphabet)
    return found.isEven || characters < minCharacters ? found : { ...found, name: 'text' }
  }
  if (share(`${digits}${letters}_+/=`) >= most) {
    const found = judged('base36 or case-folded base64', `${digits}${letters}`)
    if (found.isEven) return found
  }
  return { name: 'text', isEven: false, unevenness: excess(counts, `${digits}${letters}`) }
}

/** Chi-square against even use of the alphabet, per character, less what chance alone adds. */
function excess(counts: ReadonlyMap<string, number>, alphabet: string): number {
  let n = 0
  let squares = 0
  for (const character of alphabet) {
    const times = counts.get(character) ?? 0
    n += times
    squares += times * times
  }
  if (n === 0) return alphabet.length
  return (squares * alphabet.length) / (n * n) - 1 - (alphabet.length - 1) / n
}

/** The labels of all names without those that half of the names share: they carry nothing. */
function variedLabels(subdomains: readonly string[]): string[] {
  const isShared = sharedLabels(subdomains)
  return subdomains.flatMap((subdomain) => labelsOf(subdomain).filter((label) => !isShared(label)))
}

/** Whether a label is in half of the names or more; of fewer than four names none is. */
export function sharedLabels(subdomains: readonly string[]): (label: string) => boolean {
  const names = new Map<string, number>()
  for (const subdomain of subdomains) {
    for (const label of new Set(labelsOf(subdomain))) names.set(label, (names.get(label) ?? 0) + 1)
  }
  return (label) => subdomains.length >= 4 && (names.get(label) ?? 0) * 2 >= subdomains.length
}

/** Labels of a name in presentation form; an escaped dot is part of its label. */
export function labelsOf(name: string): string[] {
  return name.match(/(?:\\\d{3}|\\.|[^.\\])+/g) ?? []
}
