// Breaks text into lines of a given width.

/** Lines of at most `width` characters; a word longer than a line is broken. Text must be printable already. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (let word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = ''
    }
    while (word.length > width) {
      const room = line === '' ? width : 0
      lines.push(word.slice(0, room))
      word = word.slice(room)
    }
    line = line === '' ? word : `${line} ${word}`
  }
  if (line !== '' || lines.length === 0) lines.push(line)
  return lines
}

/** A shell command over several lines, each but the last ending in a backslash; words stay whole, so that it can be pasted. */
export function wrapCommand(command: string, width: number): string[] {
  const words = command.match(/(?:'[^']*'|\\.|[^\s'\\])+/g) ?? [command]
  const lines: string[] = []
  let line = ''
  for (const word of words) {
    const hasRoom = line.length + 1 + word.length + 2 <= width
    if (line !== '' && !hasRoom) {
      lines.push(`${line} \\`)
      line = `  ${word}`
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}
