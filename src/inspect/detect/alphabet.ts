// Recognises the alphabet that data in names was written in: an encoder uses its letters evenly, people do not.

/** An alphabet, and whether its letters are used as evenly as an encoder would. */
export interface Alphabet {
  name: string
  isEven: boolean
}

/** Characters needed before evenness means anything. */
const minCharacters = 200

/**
 * Entropy in bits a character from which an alphabet counts as evenly used. Of hexadecimal 4 are possible, of base32 5, of base36 5.17,
 * of base64 in lower case 5.19; names people choose stay below 4.3, and tunnels' counters and headers cost their streams some tenths.
 */
const even = { hexadecimal: 3.7, base32: 4.6, base36: 4.85 }

/** The alphabet of these subdomains; `isMixedCase` says that they were sent in both cases. */
export function alphabetOf(subdomains: readonly string[], isMixedCase: boolean): Alphabet {
  const counts = new Map<string, number>()
  let characters = 0
  for (const label of variedLabels(subdomains)) {
    for (const [character] of label.matchAll(/\\\d{3}|\\?./g)) {
      if (character === '-') continue
      counts.set(character, (counts.get(character) ?? 0) + 1)
      characters++
    }
  }
  const share = (pattern: RegExp) => {
    let matching = 0
    for (const [character, n] of counts) if (pattern.test(character)) matching += n
    return matching / Math.max(1, characters)
  }
  let entropy = 0
  for (const n of counts.values()) entropy -= (n / characters) * Math.log2(n / characters)
  const isEnough = characters >= minCharacters
  if (share(/^\\\d{3}$/) >= 0.1) return { name: 'binary', isEven: isEnough && entropy >= 5 }
  if (share(/^[0-9a-f]$/) >= 0.97) {
    return { name: 'hexadecimal', isEven: isEnough && entropy >= even.hexadecimal }
  }
  if (isMixedCase && share(/^[a-z0-9_+/=]$/) >= 0.97) {
    return { name: 'base64', isEven: isEnough && entropy >= even.base36 }
  }
  if (share(/^[a-z2-7]$/) >= 0.97 || share(/^[a-v0-9]$/) >= 0.97) {
    return { name: 'base32', isEven: isEnough && entropy >= even.base32 }
  }
  if (share(/^[a-z0-9_+/=]$/) >= 0.97) {
    return { name: 'base36 or case-folded base64', isEven: isEnough && entropy >= even.base36 }
  }
  return { name: 'text', isEven: false }
}

/** The labels of all names without those that half of the names share: they carry nothing. */
function variedLabels(subdomains: readonly string[]): string[] {
  const labels = subdomains.map((subdomain) => subdomain.split(/(?<!\\)\./))
  const names = new Map<string, number>()
  for (const label of labels.flatMap((of) => [...new Set(of)])) {
    names.set(label, (names.get(label) ?? 0) + 1)
  }
  return labels
    .flat()
    .filter((label) => subdomains.length < 4 || names.get(label)! * 2 < subdomains.length)
}
