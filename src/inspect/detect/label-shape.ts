// What names below a zone are made of: letters drawn by a generator, or something that people and programs have reasons to ask.

/** Shares are of all names looked at. */
export interface LabelShape {
  /** Letters are used evenly. */
  isEven: boolean
  /** Mean length of the part that differs. */
  meanLength: number
  addresses: number
  hashes: number
  /** Names that end like names of other zones do. */
  foreign: number
  /** The generator in words: `12 letters of a-z, used evenly`. */
  text: string
}

/** Characters needed before evenness means anything. */
const minCharacters = 400

/**
 * How often two letters of the names are equal, against an alphabet that is used evenly. English text has 1.7, host names with counters 2 and
 * more, generators 1; of a thousand characters no generator passes 1.1.
 */
const mostEven = 1.25

/** Looks at subdomains (without the zone), which should be different ones. */
export function labelShape(subdomains: readonly string[]): LabelShape {
  const share = (test: (subdomain: string) => boolean) =>
    subdomains.filter(test).length / Math.max(1, subdomains.length)
  const varied = subdomains.map((subdomain) => subdomain.split('.')[0] ?? '')
  const counts = new Map<string, number>()
  let characters = 0
  for (const character of varied.join('')) {
    if (character === '-') continue
    counts.set(character, (counts.get(character) ?? 0) + 1)
    characters++
  }
  let equal = 0
  for (const n of counts.values()) equal += (n / characters) ** 2
  const ratio = equal * counts.size
  const isEven = characters >= minCharacters && counts.size >= 8 && ratio <= mostEven
  const lengths = varied.map((label) => label.length)
  const shortest = Math.min(...lengths)
  const longest = Math.max(...lengths)
  const length = shortest === longest ? `${shortest}` : `${shortest} to ${longest}`
  const total = subdomains.reduce((sum, subdomain) => sum + subdomain.length, 0)
  return {
    isEven,
    meanLength: total / Math.max(1, subdomains.length),
    addresses: share((name) =>
      /^(?:\d{1,3}\.){3}\d{1,3}(?:\.|$)|^(?:[0-9a-f]\.){31}[0-9a-f](?:\.|$)/.test(name),
    ),
    hashes: share((name) =>
      /(?:^|\.)(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{56}|[0-9a-f]{64})(?:\.|$)/.test(name),
    ),
    foreign: share((name) => /\.(?:com|net|org|info|io|arpa|local|lan|home|[a-z]{2})$/.test(name)),
    text: `${length} of ${counts.size} characters, ${isEven ? 'used evenly as a generator does' : 'not used evenly'}`,
  }
}
