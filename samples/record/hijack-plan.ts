// The calendar of the hijack lab: which domain meets which event when, and when who asks for what.

import type { Kind } from './hijack-attacks.ts'
import { days, type Hour, type Site, type Stage } from './hijack-stage.ts'

/** A site with what happens to it; quiet ones have no times. */
export interface Planned {
  site: Site
  from: Hour
  until: Hour
}

/** What is asked for at any domain, beside what its event changes. */
const usual = ['@ NS', '@ MX', '@ A', '@ TXT', '@ SOA', 'www A', 'webmail A', 'mail A']
const lastHour = days * 24 - 1

/** Adds a site for each kind of event, and quiet ones. */
export function addSites(stage: Stage, kinds: Kind[], copies: number, quiet: number): Planned[] {
  const planned: Planned[] = []
  let number = 1
  for (let copy = 0; copy < copies; copy++) {
    for (const kind of kinds) {
      const site = stage.addSite(kind.suffix, number++)
      site.event = kind.id
      site.focus = kind.focus
      const from = 15.5 * 24 + stage.random.between(0, 6 * 24)
      planned.push({ site, from, until: kind.happen(stage, site, from) })
    }
  }
  for (let n = 0; n < quiet; n++) {
    const site = stage.addSite('example', number++)
    planned.push({ site, from: Infinity, until: Infinity })
  }
  return planned
}

/** Every day or two, and often while something happens. */
export function planVisits(stage: Stage, planned: readonly Planned[]): void {
  for (const each of planned) {
    const busy = busyHours(each)
    const { from, until } = each
    for (const hour of busy) visit(stage, each.site, hour, true)
    const { random } = stage
    for (let hour = random.between(1, 24); hour < lastHour; hour += random.between(30, 46)) {
      // Caches are to be empty when it begins.
      const isNear = hour > from - 2.5 && hour < Math.min(until, from + 24) + 13
      if (!isNear) visit(stage, each.site, hour, false)
    }
  }
  for (let n = 1; n <= 6; n++) {
    const name = `other${n}.example`
    const asked = [`${name} NS`, `${name} MX`, `www.${name} A`, `shop.${name} A`]
    for (let hour = 2 * n; hour < lastHour; hour += 150) {
      stage.visits.push({ at: hour, questions: asked.map((key) => question(stage, key)) })
    }
  }
}

function busyHours({ from, until }: Planned): Hour[] {
  if (from === Infinity) return []
  const length = until - from
  const span = Math.min(length, 6)
  const during = [0.05, 0.35, 0.6, 0.85].map((part) => from + part * span)
  const long =
    length > 24 ? [10.5, 14, 20, 26, 30.2, 31.2, 32.4, 34, 44, 52].map((h) => from + h) : []
  const after = [0.1, 1.3, 10].map((hours) => until + hours)
  return [from - 3, ...during, ...long, ...after].filter((hour) => hour < lastHour)
}

function visit(stage: Stage, site: Site, at: Hour, isBusy: boolean): void {
  const { random } = stage
  const focus = site.focus.map((key) => full(site, key))
  const resolvers = isBusy ? shuffled(stage).slice(0, 2) : [random.integer(0, 3)]
  const questions = focus.flatMap((key) => resolvers.map((each) => question(stage, key, each)))
  const other = isBusy || random.chance(0.5) ? '@ SOA' : random.pick(usual)
  if (!site.focus.includes(other)) questions.push(question(stage, full(site, other)))
  stage.visits.push({ at, questions })
}

function shuffled({ random }: Stage): number[] {
  const first = random.integer(0, 3)
  const step = random.integer(1, 3)
  return [first, (first + step) % 3, (first + 2 * step) % 3]
}

function full({ name }: Site, key: string): string {
  const [label, type] = key.split(' ')
  return label === '@' ? `${name} ${type}` : `${label}.${name} ${type}`
}

function question(stage: Stage, key: string, resolver = stage.random.integer(0, 3)) {
  const [name = '', type = ''] = key.split(' ')
  return { name, type, resolver, client: `192.0.2.${stage.random.integer(10, 30)}` }
}
