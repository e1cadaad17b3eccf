/** Two stories beside each other. Owns which line stands beside which: the longest common part, line by line. */

/** The lines of both, `·` between equal ones and `≠` where they part. */
export function sideBySide(left: readonly string[], right: readonly string[], titles: readonly [string, string]): string {
  const rows = aligned(left, right)
  const width = Math.min(72, Math.max(titles[0].length, ...left.map(({ length }) => length)))
  const row = (a: string, mark: string, b: string) => `${cut(a, width).padEnd(width)} ${mark} ${b}`.trimEnd()
  const body = rows.map(([a, b]) => row(a ?? '', a === b ? '·' : '≠', b ?? ''))
  return [row(titles[0], ' ', titles[1]), ...body].join('\n')
}

const cut = (text: string, width: number) => (text.length > width ? `${text.slice(0, width - 1)}…` : text)

type Row = readonly [string | undefined, string | undefined]

/** So many lines are looked at from where the stories part: the table has the square of it. */
const FURTHEST = 1_000

function aligned(left: readonly string[], right: readonly string[]): Row[] {
  let same = 0
  while (same < left.length && left[same] === right[same]) same++
  const common = left.slice(0, same).map((line): Row => [line, line])
  const [a, b] = [left, right].map((lines) => lines.slice(same, same + FURTHEST)) as [string[], string[]]
  const rest = Math.max(left.length, right.length) - same - FURTHEST
  const more: Row[] = rest > 0 ? [[`… and ${rest} more`, `… and ${rest} more`]] : []
  return [...common, ...parted(a, b), ...more]
}

function parted(left: readonly string[], right: readonly string[]): Row[] {
  const lengths = commonLengths(left, right)
  const rows: Row[] = []
  let [i, j] = [0, 0]
  while (i < left.length || j < right.length) {
    const common = (a: number, b: number) => lengths[a]?.[b] ?? 0
    if (i < left.length && j < right.length && left[i] === right[j]) rows.push([left[i++], right[j++]])
    else if (j < right.length && (i >= left.length || common(i, j + 1) > common(i + 1, j))) rows.push([undefined, right[j++]])
    else if (j < right.length && i < left.length && common(i + 1, j + 1) === common(i, j)) rows.push([left[i++], right[j++]])
    else if (i < left.length) rows.push([left[i++], undefined])
    else rows.push([undefined, right[j++]])
  }
  return rows
}

/** How many lines the ends from `i` and from `j` on have in common, in order. */
function commonLengths(left: readonly string[], right: readonly string[]): number[][] {
  const table = Array.from({ length: left.length + 1 }, () => Array.from({ length: right.length + 1 }, () => 0))
  for (let i = left.length - 1; i >= 0; i--) {
    for (let j = right.length - 1; j >= 0; j--) {
      const row = table[i] as number[]
      const below = table[i + 1] as number[]
      row[j] = left[i] === right[j] ? (below[j + 1] ?? 0) + 1 : Math.max(below[j] ?? 0, row[j + 1] ?? 0)
    }
  }
  return table
}
