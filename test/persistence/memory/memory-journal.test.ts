import { describe, expect, test } from 'vitest'
import { MemoryJournal } from '../../../src/persistence/memory/memory-journal.js'
import type { StoredEvent } from '../../../src/persistence/snapshot-store.js'

const event = (seq: number, type = 'x'): StoredEvent => ({
  seq,
  executionId: 'e',
  entryPoint: 'p',
  id: null,
  sessionId: null,
  correlationId: null,
  causationId: null,
  revision: 1,
  type,
  at: 0,
  data: null,
})
const seqs = (events: readonly StoredEvent[]) => events.map(({ seq }) => seq)

describe('a journal in memory', () => {
  test('holds what was not taken out, in order, however much was', () => {
    const journal = new MemoryJournal()
    let kept: StoredEvent[] = []
    for (let seq = 1; seq <= 400; seq++) {
      journal.append(event(seq))
      kept.push(event(seq))
      if (seq % 7 !== 0) continue
      const dropped = kept.filter((_, place) => place % 3 === seq % 3).slice(0, 5)
      journal.drop(dropped)
      kept = kept.filter(({ seq: own }) => !seqs(dropped).includes(own))
      expect(seqs(journal.all())).toEqual(seqs(kept))
      for (const since of [0, seq >> 1, seq - 1, seq])
        expect(seqs(journal.after(since, 4))).toEqual(
          seqs(kept)
            .filter((own) => own > since)
            .slice(0, 4),
        )
    }
  })

  test('puts a gap in the place of the last event that it stands for, again and again', () => {
    const journal = new MemoryJournal()
    for (let seq = 1; seq <= 200; seq++) {
      journal.append(event(seq))
      const dropped = journal.allBut(10)
      const last = dropped.at(-1)
      if (last && dropped.length > 1) journal.replace(dropped, event(last.seq, 'gap'))
    }
    const all = journal.all()
    expect(seqs(all)).toEqual([190, 191, 192, 193, 194, 195, 196, 197, 198, 199, 200])
    expect(all.filter(({ type }) => type === 'gap').map(({ seq }) => seq)).toEqual([190])
  })
})
