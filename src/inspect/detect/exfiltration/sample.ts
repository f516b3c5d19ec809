// Decodes a piece of what left in names, for an analyst to recognise: hexadecimal, base32 and base64 in their variants.

import { type AlphabetName, labelsOf, sharedLabels } from './alphabet.ts'

/** A name that was decoded; `text` is printable ASCII, other octets as `.`, and bounded. */
export interface DecodedSample {
  encoding: string
  /** What one name says, null where no name can be read: compressed, encrypted, or not that encoding. */
  text: string | null
}

/** Names that are tried, and characters shown of one. */
const triedNames = 400
const shownCharacters = 60

/** Characters of a counter or header that a tool may put before its data. */
const longestHeader = 24

/** Octets a name must give, and the share of them that must be printable. Ten octets of chance are so in one name of a thousand. */
const fewestOctets = 6
const readable = 0.9

/** Share of the names that must be readable with the same header cut off: chance alone makes up to 4 % of short names so. */
const readableNames = 0.08

/** The longest readable name, decoded; null where the encoding is not one we decode. */
export function decodeSample(
  subdomains: readonly string[],
  alphabet: AlphabetName,
): DecodedSample | null {
  const encoding = encodings[alphabet]
  if (encoding === undefined) return null
  const isShared = sharedLabels(subdomains)
  const tried = subdomains.slice(0, triedNames).map((name) =>
    labelsOf(name)
      .filter((label) => !isShared(label))
      .join('')
      .replace(encoding.noise, ''),
  )
  let best: Uint8Array[] = []
  for (let header = 0; header <= longestHeader; header++) {
    const read = tried
      .map((digits) => encoding.decode(digits.slice(header)))
      .filter((octets) => octets.length >= fewestOctets && isReadable(octets))
    if (read.length > best.length) best = read
  }
  if (best.length < Math.max(2, tried.length * readableNames)) {
    return { encoding: encoding.name, text: null }
  }
  const longest = best.reduce((a, b) => (b.length > a.length ? b : a))
  return { encoding: encoding.name, text: textOf(longest) }
}

/** A sentence with a blank before it; what it quotes is printable ASCII and short. */
export function sampleText(sample: DecodedSample | null): string {
  if (sample === null) return ''
  if (sample.text !== null)
    return ` Decoded as ${sample.encoding}, one name reads "${sample.text}".`
  return ` Decoded as ${sample.encoding} it gives no readable text, so it is compressed, encrypted or encoded otherwise.`
}

interface Encoding {
  name: string
  /** Characters that are not digits of it. */
  noise: RegExp
  decode(digits: string): Uint8Array
}

const encodings: Partial<Record<AlphabetName, Encoding>> = {
  hexadecimal: {
    name: 'hexadecimal',
    noise: /[^0-9a-f]/gi,
    decode: (digits) => Buffer.from(digits.slice(0, digits.length & ~1), 'hex'),
  },
  base32: {
    name: 'base32',
    noise: /[^a-z2-7]/gi,
    decode: (digits) => bitsOf(digits.toLowerCase(), 'abcdefghijklmnopqrstuvwxyz234567'),
  },
  base32hex: {
    name: 'base32hex',
    noise: /[^0-9a-v]/gi,
    decode: (digits) => bitsOf(digits.toLowerCase(), '0123456789abcdefghijklmnopqrstuv'),
  },
  base64: {
    name: 'base64',
    noise: /[^A-Za-z0-9+/]/g,
    decode: (digits) => Buffer.from(digits, 'base64'),
  },
  base64url: {
    name: 'base64url',
    noise: /[^A-Za-z0-9_-]/g,
    decode: (digits) => Buffer.from(digits, 'base64url'),
  },
}

/** Five bits a digit, most significant first (RFC 4648 section 6); what is left of the last octet is dropped. */
function bitsOf(digits: string, alphabet: string): Uint8Array {
  const octets = new Uint8Array((digits.length * 5) >> 3)
  let value = 0
  let bits = 0
  let at = 0
  for (const digit of digits) {
    value = ((value << 5) | alphabet.indexOf(digit)) & 0xfff
    bits += 5
    if (bits >= 8) octets[at++] = (value >> (bits -= 8)) & 0xff
  }
  return octets
}

function isReadable(octets: Uint8Array): boolean {
  let printable = 0
  for (const octet of octets) {
    if ((octet >= 0x20 && octet < 0x7f) || octet === 0x09 || octet === 0x0a || octet === 0x0d) {
      printable++
    }
  }
  return printable >= octets.length * readable
}

function textOf(octets: Uint8Array): string {
  const text = Array.from(octets.subarray(0, shownCharacters), (octet) =>
    octet >= 0x20 && octet < 0x7f ? String.fromCharCode(octet) : '.',
  ).join('')
  return octets.length > shownCharacters ? `${text}...` : text
}
