// Pieces of an HTML page that stands in one file: every function takes plain text and escapes it, or takes and gives markup made here.

import type { Severity } from '../detect/detector.ts'
import { printable, printablePath } from './printable.ts'
import { count } from './quantity.ts'

/** Markup. Only the functions of this file make it, so that no text of a packet can become any. */
export type Html = string & { readonly isMarkup: true }

/** Text chosen by whoever sent the packet: shown letter by letter, controls and anything beyond ASCII as escapes. */
export function text(value: string): Html {
  return escaped(printable(value))
}

/** Text chosen by our own user, such as a path: letters of any script stay. */
export function ownText(value: string): Html {
  return escaped(printablePath(value))
}

/** Markup one after the other. */
export function join(parts: readonly Html[], between: '' | ' ' | ', ' | '<br>' = ''): Html {
  return parts.join(between) as Html
}

/** A paragraph; `kind` is one of the classes of the style sheet below. */
export function paragraph(body: Html, kind: 'plain' | 'lead' | 'quiet' = 'plain'): Html {
  return kind === 'plain' ? markup(`<p>${body}</p>\n`) : markup(`<p class="${kind}">${body}</p>\n`)
}

/** A heading of level 1 to 4, with an id to link to where given (`[a-z0-9-]+`). */
export function heading(level: 1 | 2 | 3 | 4, body: Html, id = ''): Html {
  const anchor = /^[a-z0-9-]+$/.test(id) ? ` id="${id}"` : ''
  return markup(`<h${level}${anchor}>${body}</h${level}>\n`)
}

/** A link inside the page. */
export function link(id: string, body: Html): Html {
  return /^[a-z0-9-]+$/.test(id) ? markup(`<a href="#${id}">${body}</a>`) : body
}

/** A list; nothing where it is empty. */
export function list(items: readonly Html[]): Html {
  if (items.length === 0) return markup('')
  return markup(`<ul>\n${items.map((item) => `<li>${item}</li>`).join('\n')}\n</ul>\n`)
}

/** Paths of captures in a line, the rest counted. */
export function paths(all: readonly string[]): Html {
  const rest = all.length - shownPaths
  const shown = all.slice(0, shownPaths).map(ownText)
  return join([...shown, ...(rest > 0 ? [text(`and ${count(rest)} more`)] : [])], ', ')
}

const shownPaths = 20

/** Names and what they stand for, side by side. */
export function facts(pairs: readonly (readonly [string, Html])[]): Html {
  const rows = pairs.map(([name, value]) => `<dt>${text(name)}</dt><dd>${value}</dd>`)
  return markup(`<dl>\n${rows.join('\n')}\n</dl>\n`)
}

/** A column of a table: its title, `right` for numbers. */
export interface HtmlColumn {
  title: string
  right?: boolean
}

/** A table; wide ones scroll inside the page. */
export function table(columns: readonly HtmlColumn[], rows: readonly (readonly Html[])[]): Html {
  const side = (at: number) => (columns[at]?.right ? ' class="right"' : '')
  const head = columns.map(({ title }, at) => `<th scope="col"${side(at)}>${text(title)}</th>`)
  const body = rows.map(
    (row) => `<tr>${row.map((cell, at) => `<td${side(at)}>${cell}</td>`).join('')}</tr>`,
  )
  return markup(
    `<div class="wide"><table>\n<thead><tr>${head.join('')}</tr></thead>\n<tbody>\n${body.join('\n')}\n</tbody>\n</table></div>\n`,
  )
}

/** A point in time, which stays on one line. */
export function moment(value: string): Html {
  return markup(`<time>${text(value)}</time>`)
}

/** A word of code in a line. */
export function code(body: Html): Html {
  return markup(`<code>${body}</code>`)
}

/** Lines of code or of a command, kept as they are. */
export function codeBlock(lines: readonly Html[]): Html {
  return markup(`<pre><code>${lines.join('\n')}</code></pre>\n`)
}

/** What is opened by a click; open on paper. */
export function details(summary: Html, body: Html): Html {
  return markup(`<details><summary>${summary}</summary>\n${body}</details>\n`)
}

/** Emphasis. */
export function strong(body: Html): Html {
  return markup(`<strong>${body}</strong>`)
}

/** A severity as a word that also has a colour. */
export function badge(severity: Severity): Html {
  return markup(`<span class="badge ${severity}">${severity}</span>`)
}

/** A part of the page, with a frame. */
export function card(body: Html): Html {
  return markup(`<section class="card">\n${body}</section>\n`)
}

/** The page: nothing in it is loaded from elsewhere, and it runs no script. */
export function page(title: string, body: Html): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${ownText(title)}</title>
<style>
${styleSheet}
</style>
</head>
<body>
<main>
${body}</main>
</body>
</html>
`
}

const named: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '`': '&#96;',
}

function escaped(value: string): Html {
  return markup(value.replace(/[&<>"'`]/g, (character) => named[character]))
}

function markup(value: string): Html {
  return value as Html
}

/** Contrast of every pair of colours is 4.5 to 1 at least, on white and on black. */
const styleSheet = `:root { color-scheme: light dark; --text: #1a1a1a; --quiet: #595959; --paper: #fff; --card: #f6f6f4; --line: #cfcfca; --red: #b3001b; --purple: #7a2482; --link: #0b4f9e }
@media (prefers-color-scheme: dark) { :root { --text: #e8e8e6; --quiet: #a8a8a4; --paper: #161616; --card: #202020; --line: #444; --red: #ff8a8a; --purple: #dd9be6; --link: #8ab8f0 } }
body { margin: 0; background: var(--paper); color: var(--text); font: 16px/1.5 system-ui, sans-serif }
main { max-width: 62rem; margin: 0 auto; padding: 1.5rem }
h1, h2, h3, h4 { overflow-wrap: anywhere } h1 { font-size: 1.6rem; line-height: 1.25 } h2 { font-size: 1.2rem; margin: 1.8rem 0 .3rem } .card > h2 { margin-top: 0 } h3, h4 { font-size: 1rem; margin: 1.2rem 0 .3rem }
a { color: var(--link) }
p { margin: .5rem 0; overflow-wrap: anywhere } .lead { font-size: 1.05rem } .quiet, summary, dt { color: var(--quiet) }
code, pre { font-family: ui-monospace, monospace; font-size: .9em; overflow-wrap: anywhere }
pre { white-space: pre-wrap; background: var(--paper); border: 1px solid var(--line); border-radius: 4px; padding: .6rem .8rem; margin: .3rem 0 }
ul { margin: .3rem 0; padding-left: 1.3rem } li { overflow-wrap: anywhere }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; margin: .6rem 0 } dd { margin: 0; overflow-wrap: anywhere }
.wide { overflow-x: auto } table { border-collapse: collapse; margin: .3rem 0 } th, td { text-align: left; vertical-align: top; padding: .2rem .9rem .2rem 0; border-bottom: 1px solid var(--line) } td { max-width: 26rem; overflow-wrap: break-word } td code { overflow-wrap: break-word } th, time, .badge { white-space: nowrap } .right { text-align: right; font-variant-numeric: tabular-nums } td details { margin: 0 }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 6px; padding: 1rem 1.2rem; margin: 1.2rem 0 }
.badge { display: inline-block; border: 1px solid currentColor; border-radius: 4px; padding: 0 .45rem; font-size: .85rem; font-weight: 600; text-transform: uppercase } .high, .critical { color: var(--red) } .medium { color: var(--purple) } .critical { background: var(--red); color: var(--paper); border-color: var(--red) }
details { margin: .6rem 0 } summary { cursor: pointer }
@media print { :root { --text: #000; --quiet: #444; --paper: #fff; --card: #fff; --line: #999; --red: #b3001b; --purple: #7a2482; --link: #000 } body { font-size: 10pt } main { max-width: none; padding: 0 } .card { break-inside: auto } h2, h3, h4 { break-after: avoid } tr, li, pre { break-inside: avoid } .wide { overflow: visible } th, time { white-space: normal } td { overflow-wrap: anywhere } details > :not(summary) { display: block } details::details-content { content-visibility: visible; display: block } .badge { -webkit-print-color-adjust: exact; print-color-adjust: exact } }`
