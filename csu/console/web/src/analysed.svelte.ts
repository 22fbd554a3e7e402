/** Which cameras are analysed now and why the others are not, as the centre tells it: for every page that shows a tile. */

import type { AnalysedCamera, AnalysisAnswer } from './analysis_desk.svelte'
import { repeat } from './polling'
import type { Room } from './room.svelte'
import { NO_ANSWER, quick, type Refusal } from './wall_desk.svelte'

const PERIOD_MS = 5_000
/** Older, nothing is said of a camera any more: it may have been stopped since. */
export const TOLD_MS_MAX = 12_000

export class Analysed {
  /** Null: not told yet, or not to this person. */
  now = $state.raw<AnalysisAnswer | null>(null)
  trouble = $state.raw<Refusal | null>(null)
  /** Since what is told was asked for. */
  age_ms = $state<number | null>(null)

  #told_ms: number | null = null

  readonly is_stale = $derived(this.now !== null && (this.age_ms ?? 0) > TOLD_MS_MAX)
  readonly count = $derived(this.now?.cameras.filter((camera) => camera.is_analysed).length ?? 0)
  readonly #by_camera = $derived(new Map(this.now?.cameras.map((camera) => [camera.camera, camera]) ?? []))

  start(room: Room): () => void {
    const stop = repeat(PERIOD_MS, () => this.look(), (look) => room.on('signals', look))
    const beat = setInterval(() => {
      this.age_ms = this.#told_ms === null ? null : performance.now() - this.#told_ms
    }, 500)
    return () => {
      stop()
      clearInterval(beat)
      this.now = null
    }
  }

  /** What is known of that camera now; null: nothing, or too long ago. */
  of(camera: string): AnalysedCamera | null {
    return this.is_stale ? null : (this.#by_camera.get(camera) ?? null)
  }

  /** False: this page will never be told, and need not ask. */
  async look(): Promise<boolean> {
    const at_ms = performance.now()
    const answer = await told<AnalysisAnswer>('/api/analysis')
    if ('refused' in answer) {
      this.trouble = answer.refused
      return !answer.for_good
    }
    this.now = answer.told
    this.trouble = null
    this.#told_ms = at_ms
    this.age_ms = performance.now() - at_ms
    return true
  }
}

/** One for the whole console: the tiles and the page say the same. */
export const analysed = new Analysed()

/** `for_good`: it need not be asked again; each refusal of a right is journaled. */
type Told<T> = { told: T } | { refused: Refusal; for_good: boolean }

export async function told<T>(path: string): Promise<Told<T>> {
  try {
    const answer = await fetch(path, quick())
    if (answer.ok) return { told: (await answer.json()) as T }
    const refused = (await answer.json()) as Refusal & { code: string }
    return { refused, for_good: answer.status === 403 || refused.code === 'analysis_absent' }
  } catch {
    return { refused: NO_ANSWER, for_good: false }
  }
}
