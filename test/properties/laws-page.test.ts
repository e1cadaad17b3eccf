/** The page about the laws names, for each law, a line that is really there; the mutation test shows what it does. */
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { mutations, mutationTable } from './mutations.js'

const read = (path: string) => readFile(fileURLToPath(new URL(`../../${path}`, import.meta.url)), 'utf8')
/** Without what a formatter does to a table. */
const bare = (text: string) => text.replaceAll(/ +/g, ' ').replaceAll(/-+/g, '-')

test('docs/laws.md has the table of the mutations', async () => {
  expect(bare(await read('docs/laws.md'))).toContain(bare(mutationTable()))
})

test.each(mutations)('the line that upholds law $law stands once in $file', async ({ file, line }) => {
  expect((await read(file)).split(line)).toHaveLength(2)
})
