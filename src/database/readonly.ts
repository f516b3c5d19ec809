// Decides whether SQL typed by a user may run. The engine's readonly mode is the lock; this is the door in front of it,
// because that mode still lets a query write INTO OUTFILE, read files with file('…') and reach hosts with DESCRIBE.
import { StoreError } from '../errors.ts'
import type { Parameters } from './database.ts'

/** A statement that was found to be harmless, without its FORMAT clause, and the format it asked for. */
export interface UserQuery {
  sql: string
  format: string
}

/** Runs a statement in readonly mode and gives its result as raw text. */
export type Ask = (sql: string, parameters: Parameters) => Promise<string>

/** Parses `sql` with the engine's own parser; throws a StoreError unless it is one statement that only reads this store. */
export async function checkUserQuery(sql: string, format: string, ask: Ask): Promise<UserQuery> {
  const statement = await formatStatement(sql, ask)
  const bare = blankLiterals(statement)
  const kind = /^\(*\s*([A-Za-z]+)/.exec(bare)?.[1]?.toUpperCase() ?? ''
  if (!readingKinds.has(kind) || /\bTABLE OVERRIDE\b/i.test(bare)) {
    throw refused(`${kind || 'this'} is not among SELECT, WITH, SHOW, DESCRIBE, EXISTS and EXPLAIN`)
  }
  if (/\bINTO\s+OUTFILE\b/i.test(bare)) {
    throw refused('INTO OUTFILE writes a file; redirect the output instead')
  }
  const clause = /\sFORMAT ([A-Za-z0-9]+)(?=$| SETTINGS )/.exec(bare)
  const query = {
    sql:
      clause === null
        ? statement
        : statement.slice(0, clause.index) + statement.slice(clause.index + clause[0].length),
    format: clause?.[1] ?? format,
  }
  await refuseOutsideReach(query.sql, bare, ask)
  return query
}

const readingKinds = new Set(['SELECT', 'WITH', 'SHOW', 'DESCRIBE', 'DESC', 'EXISTS', 'EXPLAIN'])

// Table functions that read nothing but the store and their own arguments; all others are refused, those of later versions too.
const harmlessTableFunctions = new Set(
  'format generate_series generaterandom generateseries merge mergetreeindex null numbers numbers_mt primes sqlstandardvalues values view zeros zeros_mt'.split(
    ' ',
  ),
)

// file reads any file of the engine's user, the ai functions send rows to a service, the others load a library or write a log.
const outsideFunctions =
  'aiclassify aiembed aiextract aigenerate aitranslate catboostevaluate file logtrace'.split(' ')

async function formatStatement(sql: string, ask: Ask): Promise<string> {
  try {
    const text = await ask('SELECT formatQuerySingleLine({sql:String})', { sql })
    return text.replace(/\n$/, '')
  } catch (thrown) {
    if (thrown instanceof StoreError && thrown.message.includes('Multi-statements')) {
      throw refused('only one statement at a time')
    }
    throw thrown
  }
}

/** The same text with the inside of every quoted string and name replaced, so that offsets stay. */
function blankLiterals(sql: string): string {
  return sql.replace(
    /'(?:[^'\\]|\\.|'')*'|`(?:[^`\\]|\\.|``)*`|"(?:[^"\\]|\\.|"")*"/gs,
    (quoted) => `${quoted[0]}${'_'.repeat(quoted.length - 2)}${quoted[0]}`,
  )
}

async function refuseOutsideReach(sql: string, bare: string, ask: Ask): Promise<void> {
  const tree = await ask(`EXPLAIN AST ${sql}`, {})
  const tables = await ask('SELECT lower(name) FROM system.table_functions', {})
  const denied = new Set(outsideFunctions)
  for (const name of tables.split('\n')) if (!harmlessTableFunctions.has(name)) denied.add(name)
  const used = [...tree.matchAll(/^ *Function (\S+)/gm)].map((match) => match[1] ?? '')
  // SELECT * APPLY f names a function outside the tree's function nodes.
  if (/\bAPPLY\b/i.test(bare)) used.push(...sql.split(/[^A-Za-z0-9_]+/))
  const bad = used.find((name) => denied.has(name.toLowerCase()))
  if (bad !== undefined) throw refused(`${bad}() reaches outside the store`)
}

function refused(why: string): StoreError {
  return new StoreError('read-only', `overhear sql only reads: ${why}`)
}
