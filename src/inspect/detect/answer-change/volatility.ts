// How much a record moves by itself: what is a change for one is every day for another.

import type { Told } from './timeline.ts'

/** From steady to restless. */
const volatilities = ['fixed', 'round-robin', 'pool', 'CDN', 'dynamic'] as const
export type Volatility = (typeof volatilities)[number]

/** Networks, or later additions, from which a name counts as a pool. */
const poolUnits = 8
const poolAdditions = 3
/** Stretches a name needs to count as dynamic, and the share of them that brought something never seen before. */
const dynamicStretches = 4
const dynamicShare = 0.5

/** The class of a record by what it said so far, in order of time. */
export function volatilityOf(told: readonly Told[]): Volatility {
  const known = new Set<string>()
  const sets = new Set<string>()
  let stretches = 0
  let additions = 0
  let behind = 0
  let before = ''
  for (const { units, answers } of told) {
    const set = units.join(' ')
    sets.add(set)
    if (set !== before) {
      stretches++
      if (units.some((unit) => !known.has(unit))) additions++
    }
    before = set
    if (units.includes('(alias)')) behind += answers
    for (const unit of units) known.add(unit)
  }
  const answers = told.reduce((sum, each) => sum + each.answers, 0)
  if (behind * 2 > answers) return 'CDN'
  // A baseline in which nearly every answer is new says nothing of the next one.
  if (stretches >= dynamicStretches && additions >= stretches * dynamicShare) return 'dynamic'
  if (known.size >= poolUnits || additions > poolAdditions) return 'pool'
  return sets.size > 1 ? 'round-robin' : 'fixed'
}
