/** `onBusy`: of a page that is edited all the time, only the last version gets a preview. The one before is cancelled. */
import { defineEntryPoint, fromStep } from 'stateward'

/** A version of a page. */
export interface Version {
  readonly page: string
  readonly version: number
}

/** Renders a version; stops when the signal fires. */
export type Render = (version: Version, signal: AbortSignal) => Promise<string>

/** Renders previews; ends with the address of one. */
export const previewsBy = (render: Render) =>
  defineEntryPoint({
    id: 'previews',
    program: fromStep<string, Version>(({ input, signal }) => render(input, signal)),
    concurrency: { key: ({ page }) => page, limit: 1, onBusy: 'replace' },
  })
