// Test helper: the users that docs/cluster.md tells to make, as a server's users file has them: SQL cannot make any in the server of the tests.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { EngineSetting } from './engine-server.ts'

/** Their password. */
export const documentedPassword = 'secret'

/** `page_sensor` and `page_analyst` with the grants, and the analyst with the settings, that the page gives them; for the database `dns`. */
export function documentedUsers(): NonNullable<EngineSetting['users']> {
  const page = readFileSync(join(import.meta.dirname, '../docs/cluster.md'), 'utf8')
  const settings = /CREATE SETTINGS PROFILE .*? SETTINGS ([^;]+);/.exec(page)?.[1] ?? ''
  const profile = settings
    .split(', ')
    .map((each) => each.split(' = '))
    .map(([name, value]) => `<${name}>${value.replaceAll("'", '')}</${name}>`)
  const users = ['sensor', 'analyst'].map((name) => {
    const grants = [...page.matchAll(new RegExp(`^GRANT ON CLUSTER \\w+ (.*) TO ${name};$`, 'gm'))]
    if (grants.length < 3) throw new Error(`docs/cluster.md grants ${name} less than expected`)
    const queries = grants.map(([, grant]) => `<query>GRANT ${grant}</query>`).join('')
    return `<page_${name}><password>${documentedPassword}</password><networks><ip>127.0.0.0/8</ip></networks><profile>${name === 'analyst' ? 'overhear_reading' : 'default'}</profile><quota>default</quota><grants>${queries}</grants></page_${name}>`
  })
  return {
    users: users.join(''),
    profiles: `<overhear_reading>${profile.join('')}</overhear_reading>`,
  }
}
