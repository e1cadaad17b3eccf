/** The documents of a memory store. Owns: their revisions, which are counted over all of them, and the order of their keys. */
import type { DocumentQuery, DocumentVerdict, DocumentWrite, StoredDocument } from '../snapshot-store.js'
import { atMost } from '../store-rules.js'

/** Small texts by key, written by compare-and-set. */
export class MemoryDocuments {
  readonly #byKey = new Map<string, StoredDocument>()
  #lastRevision = 0

  get(key: string): StoredDocument | undefined {
    return this.#byKey.get(key)
  }

  page({ prefix, after = '', limit }: DocumentQuery): StoredDocument[] {
    const keys = [...this.#byKey.keys()].filter((key) => key.startsWith(prefix) && key > after).toSorted()
    return keys.slice(0, atMost(limit)).map((key) => this.#byKey.get(key) as StoredDocument)
  }

  put({ key, text, revision }: DocumentWrite): DocumentVerdict {
    const document = this.#byKey.get(key)
    if ((document?.revision ?? 0) !== revision) return { status: 'conflict', document }
    if (text === null) {
      this.#byKey.delete(key)
      return { status: 'stored', revision: 0 }
    }
    const stored = { key, text, revision: ++this.#lastRevision }
    this.#byKey.set(key, stored)
    return { status: 'stored', revision: stored.revision }
  }
}
