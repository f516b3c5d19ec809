// Runs one scene of the hijack lab in the namespaces that hijack-lab.sh made: servers, resolvers, clients, events and the capture of it all.

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { captureFiles } from '../make/sample.ts'
import { pcapFile } from '../make/capture.ts'
import { Random } from '../make/random.ts'
import { attacks, type Kind } from './hijack-attacks.ts'
import { packetsOf, type Shift, shifted } from './hijack-capture.ts'
import { Lab } from './hijack-machines.ts'
import { ordinary } from './hijack-ordinary.ts'
import { addSites, planVisits } from './hijack-plan.ts'
import { days, Stage } from './hijack-stage.ts'
import { recordForgeries } from './hijack-forger.ts'
import { recordFaults } from './health-zones.ts'

const [scene = '', space = '', work = '', folder = ''] = process.argv.slice(2)
const kindsOf: Record<string, { kinds: Kind[]; quiet: number; seed: number }> = {
  attacks: { kinds: attacks, quiet: 2, seed: 61 },
  ordinary: { kinds: ordinary, quiet: 1, seed: 62 },
}
const start = Date.UTC(2026, 2, 2)
const plan = kindsOf[scene]
if (plan !== undefined) await recordEvents(plan)
else if (scene === 'forged') await recordForgeries(space, work, folder)
else if (scene === 'health') await recordFaults(space, work, folder)
else throw new Error(`no scene ${scene}: attacks, ordinary, forged or health`)

async function recordEvents({ kinds, quiet, seed }: (typeof kindsOf)[string]): Promise<void> {
  const copies = Number(process.env['COPIES'] ?? 1)
  const stage = new Stage(work, new Random(seed + Number(process.env['SEED'] ?? 0)))
  planVisits(stage, addSites(stage, kinds, copies, quiet * copies))
  const lab = new Lab(space, work)
  const shifts: Shift[] = []
  let virtualMs = start
  const setClock = async (hour: number) => {
    virtualMs = Math.max(start + hour * 3_600_000, virtualMs + 2000)
    const seconds = Math.round((virtualMs - Date.now()) / 1000)
    shifts.push({ fromMs: await lab.setClock(seconds), seconds })
  }
  await setClock(0)
  await lab.startServers(stage.operators.values())
  await lab.startResolvers(stage.anchor)
  const paths = await lab.startCapture('to-clients', 'to-servers')
  const actions = stage.actions.toSorted((a, b) => a.at - b.at)
  let done = 0
  for (const { at, questions } of stage.visits.toSorted((a, b) => a.at - b.at)) {
    const due = actions.slice(done).filter((action) => action.at <= at)
    done += due.length
    for (const action of due) action.act()
    const dirty = new Set(due.flatMap(({ operators }) => operators))
    await lab.startServers([...stage.operators.values()].filter(({ id }) => dirty.has(id)))
    await setClock(at)
    for (const { control } of due) if (control !== undefined) lab.control(...control)
    const before = Date.now()
    await lab.ask(questions)
    virtualMs += Date.now() - before
  }
  await lab.stop()
  const packets = shifted(packetsOf(paths), shifts)
  const iso = (hour: number) =>
    new Date(start + Math.min(hour, days * 24) * 3_600_000).toISOString()
  const truth = stage.truths.map(({ from, until, ...rest }) => {
    return { ...rest, first: iso(from), last: iso(until) }
  })
  const label = {
    about: `${days} days of ${stage.sites.length} watched domains at NSD, asked through three unbound resolvers; ${kinds.length} kinds of ${scene === 'attacks' ? 'hijacks' : 'ordinary changes'}, each at a domain of its own, and nothing happens at ${quiet * copies} more. Recorded by samples/record/hijack-lab.sh; days passed in minutes.`,
    packets: packets.length,
    ...(truth.length === 0 ? { benign: true } : { truth }),
    events: stage.sites.map(({ name, event }) => ({ domain: name, event })),
    watch: stage.sites.map(({ name }) => name),
  }
  mkdirSync(folder, { recursive: true })
  for (const { path, bytes } of captureFiles(`hijack-${scene}.pcap.gz`, pcapFile(packets), label)) {
    writeFileSync(join(folder, path), bytes)
  }
  console.error(
    `hijack-${scene}: ${packets.length} packets, ${lab.unanswered} unanswered, ${lab.failures} failed`,
  )
}
