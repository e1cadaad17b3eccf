/** Turns the figures of a run into tables, as text for a terminal or as markdown for docs/speed.md. Knows no measuring. */

const digits = (value) => (value >= 100 ? 0 : value >= 10 ? 1 : 2)

export const format = (value) =>
  typeof value === 'number' ? value.toLocaleString('en', { maximumFractionDigits: digits(Math.abs(value)) }) : (value ?? '')

/** `rows` are arrays of cells, the first one is the head. */
export function table(rows, { markdown = false } = {}) {
  const cells = rows.map((row) => row.map(format))
  const widths = cells[0].map((_, column) => Math.max(...cells.map((row) => row[column].length)))
  const pad = (cell, column) => (column === 0 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]))
  const line = (row) => (markdown ? `| ${row.map(pad).join(' | ')} |` : row.map(pad).join('  '))
  const rule = markdown
    ? `|${widths.map((width, column) => (column === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`
    : widths.map((width) => '-'.repeat(width)).join('  ')
  return [line(cells[0]), rule, ...cells.slice(1).map(line)].join('\n')
}

/** One line a goal: what was reached, what is asked, whether it is met. */
export const verdict = ({ name, value, goal, atMost = false }) => {
  const met = atMost ? value <= goal : value >= goal
  return { name, value, goal: `${atMost ? '≤' : '≥'} ${goal}`, met }
}

export const verdictTable = (verdicts, options) =>
  table(
    [
      ['goal', 'reached', 'asked', ''],
      ...verdicts.map(({ name, value, goal, met }) => [name, value, goal, met ? 'met' : 'MISSED']),
    ],
    options,
  )

/** The machine and the moment, so that a table can be read later. */
export const conditions = ({ node, xstate, durability, cpus, model, date }) =>
  `${date} · Node ${node} · ${xstate} (production) · SQLite ${durability} (2 = FULL) · ${cpus} × ${model}`
