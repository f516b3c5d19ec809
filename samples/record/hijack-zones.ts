// What the name servers of the hijack lab hold: operators with zones, zones as record sets, and the files that NSD reads.

import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Records of one name and type. Host names stand without the dot at their end. */
export interface RecordSet {
  ttl: number
  values: string[]
}

/** A zone as one operator serves it. `sets` goes by `NAME TYPE`. */
export interface Zone {
  name: string
  serial: number
  sets: Map<string, RecordSet>
  /** Names of key files, without ending; a zone that has some is signed with all of them. */
  keys: string[]
  /** End of its signatures (YYYYMMDDHHmmSS); the end of the year when absent. */
  signedUntil?: string
}

/** A name server program: the addresses it listens on and the zones it serves. */
export interface Operator {
  id: string
  addresses: string[]
  zones: Map<string, Zone>
}

/** Signatures are good from the beginning of the year of the recording, and nearly all to its end. */
const signedFrom = '20260101000000'
const usualEnd = '20261231000000'

/** An empty zone with an SOA. */
export function zone(name: string, primary: string, serial: number): Zone {
  const made: Zone = { name, serial, sets: new Map(), keys: [] }
  put(made, name, 'SOA', 3600, [`${primary} hostmaster.${name === '' ? 'nic.test' : name}`])
  return made
}

/** Sets the records of a name; none removes them. */
export function put(
  { sets }: Zone,
  name: string,
  type: string,
  ttl: number,
  values: string[],
): void {
  if (values.length === 0) sets.delete(`${name} ${type}`)
  else sets.set(`${name} ${type}`, { ttl, values })
}

/** The values of a name and type; none where there are none. */
export function valuesOf({ sets }: Zone, name: string, type: string): string[] {
  return sets.get(`${name} ${type}`)?.values ?? []
}

/** The same zone for another operator. */
export function copyOf(original: Zone): Zone {
  return { ...original, sets: new Map(original.sets), keys: [...original.keys] }
}

/** A new key for a zone in the folder: its file name without ending, and the data of its DS record. */
export function makeKey(folder: string, name: string): { key: string; ds: string } {
  const words = ['-a', 'ECDSAP256SHA256', '-k', '-r', '/dev/urandom', name]
  const key = execFileSync('ldns-keygen', words, { cwd: folder, encoding: 'utf8' }).trim()
  const record = readFileSync(join(folder, `${key}.ds`), 'utf8')
  const [, ds = ''] = /\sDS\s+(.*\S)/.exec(record) ?? []
  return { key, ds }
}

/** Writes an operator's zones and configuration; gives the path of the configuration. */
export function writeOperator(folder: string, { id, addresses, zones }: Operator): string {
  const entries = [...zones.values()].map((each) => {
    const file = `${id}-${each.name || 'root'}.zone`
    writeFileSync(join(folder, file), zoneText(each))
    if (each.keys.length > 0) sign(folder, file, each)
    return `zone:\n  name: "${each.name}."\n  zonefile: "${file}"\n`
  })
  const path = join(folder, `${id}.conf`)
  writeFileSync(path, serverText(folder, id, addresses) + entries.join(''))
  return path
}

function zoneText({ name: origin, serial, sets }: Zone): string {
  const lines = [...sets].flatMap(([key, { ttl, values }]) => {
    const [name = '', type = ''] = key.split(' ')
    return values.map((value) => `${name}. ${ttl} IN ${type} ${dataText(type, value, serial)}`)
  })
  // NSD wants the SOA before anything else.
  lines.sort((a, b) => Number(b.includes(' IN SOA ')) - Number(a.includes(' IN SOA ')))
  return `$ORIGIN ${origin}.\n${lines.join('\n')}\n`
}

function dataText(type: string, value: string, serial: number): string {
  if (type === 'SOA') return `${value.split(' ').join('. ')}. ${serial} 7200 3600 1209600 3600`
  return ['NS', 'CNAME', 'MX'].includes(type) ? `${value}.` : value
}

function sign(folder: string, file: string, { name, keys, signedUntil = usualEnd }: Zone): void {
  const words = [
    '-i',
    signedFrom,
    '-e',
    signedUntil,
    '-o',
    `${name}.`,
    '-f',
    `${file}.signed`,
    file,
    ...keys,
  ]
  execFileSync('ldns-signzone', words, { cwd: folder, stdio: 'pipe' })
  writeFileSync(join(folder, file), readFileSync(join(folder, `${file}.signed`)))
}

function serverText(folder: string, id: string, addresses: readonly string[]): string {
  return `server:
${addresses.map((address) => `  ip-address: ${address}\n`).join('')}  username: ""
  chroot: ""
  zonesdir: "${folder}"
  pidfile: ""
  database: ""
  zonelistfile: "${folder}/${id}.list"
  xfrdfile: "${folder}/${id}.xfrd"
  xfrdir: "${folder}"
  cookie-secret-file: ""
  rrl-ratelimit: 0
  round-robin: yes
  server-count: 1
remote-control:
  control-enable: no
`
}
