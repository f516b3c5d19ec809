// Half an hour in which one client tries domains that a program made up, until one of them exists.

import { negative } from './names.ts'
import { Office } from './office.ts'
import { base36Digits, Random } from './random.ts'
import { Recording } from './recording.ts'
import { address } from './records.ts'
import { labelled, type SampleFile } from './sample.ts'

const infected = '192.0.2.77'

/** dga.pcap and its label. */
export function dga(): SampleFile[] {
  const random = new Random(5)
  const recording = new Recording('2026-03-06T11:00:00Z', random)
  const office = new Office(recording, { clients: 10, upstream: false })
  office.browse(5, 1790, 160)
  addMistyped(office, random)
  addSearch(office, random)
  office.run()
  return labelled('dga.pcap', recording, {
    about:
      'Half an hour between ten clients and their resolver. From 11:10 one client asks for 48 made-up domains in five minutes; the 41st exists, and it is asked for its address from then on. Others mistype names.',
    findings: [
      {
        detector: 'dga',
        rule: 'dga/burst',
        subject: { client: infected },
        min_score: 50,
      },
    ],
  })
}

/** Every few seconds another domain; the program goes on for a while after the one that exists. */
function addSearch(office: Office, random: Random): void {
  for (let i = 0; i < 48; i++) {
    const name = `${random.text(random.integer(16, 23), base36Digits)}.example`
    const exists = i === 40
    office.serve(name, (asked) =>
      exists ? { answers: [address(asked, 60, '203.0.113.66')] } : negative(asked, 3),
    )
    const at = 600 + i * 6 + random.next()
    office.at(at, () => office.lookUp(at, infected, name, 'A'))
    for (let again = at + 60; exists && again < 1790; again += 60) {
      const now = again
      office.at(now, () => office.lookUp(now, infected, name, 'A'))
    }
  }
}

/** Domains that people get wrong: few, and made of words. */
function addMistyped(office: Office, random: Random): void {
  for (let i = 0; i < 12; i++) {
    const name = `${random.pick(['amberr', 'cedra', 'rivver', 'onix'])}-${random.pick(['pine', 'nort', 'slat'])}.example`
    office.serve(name, (asked) => negative(asked, 3))
    const at = random.between(5, 1790)
    const client = random.pick(office.clients)
    office.at(at, () => office.lookUp(at, client, name, 'A'))
  }
}
