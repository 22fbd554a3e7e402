/** The alarms that nobody took, told on every page: an operator who watches the live must see that one rings (OPS-3). */

import type { Alarm } from './alarm_desk.svelte'
import { repeat } from './polling'
import type { Room } from './room.svelte'
import { quick } from './wall_desk.svelte'

/** How many wait, the most urgent of them, and the newest in order of their coming. */
export type Bell = {
  waiting: number
  first: Alarm | null
  newest: Alarm[]
}

const PERIOD_MS = 3_000
/** Older, nobody may rely on it. */
const TOLD_MS_MAX = 10_000

export class AlarmBell {
  /** Null: never told, or not to this role, or a centre without alarms. */
  told = $state.raw<Bell | null>(null)
  /** Those that came with the last telling that brought any and that wait still. */
  news = $state.raw<Alarm[]>([])
  is_stale = $state(false)

  #known = new Set<string>()
  #told_ms = 0

  start(room: Room): () => void {
    const stop = repeat(PERIOD_MS, () => this.#look(), (look) => room.on('alarms', look))
    const beat = setInterval(() => {
      this.is_stale = this.told !== null && performance.now() - this.#told_ms > TOLD_MS_MAX
    }, 500)
    return () => {
      stop()
      clearInterval(beat)
    }
  }

  /** False: this page will never be told, and need not ask. */
  async #look(): Promise<boolean> {
    const at_ms = performance.now()
    try {
      const response = await fetch('/api/alarms/bell', quick())
      if (response.ok) this.#take((await response.json()) as Bell, at_ms)
      else if (response.status === 403) return false // each refusal is journaled
      else return ((await response.json()) as { code: string }).code !== 'alarms_absent'
    } catch {
      // What was told last stays; once it is old the page says so.
    }
    return true
  }

  #take(told: Bell, at_ms: number): void {
    const fresh = told.newest.filter(({ alarm }) => !this.#known.has(alarm))
    this.#known = new Set(told.newest.map(({ alarm }) => alarm))
    this.#told_ms = at_ms
    this.is_stale = false
    this.told = told
    if (fresh.length > 0) this.news = fresh
    else if (this.news.some(({ alarm }) => !this.#known.has(alarm))) {
      this.news = this.news.filter(({ alarm }) => this.#known.has(alarm))
    }
  }
}
