/** Guard tours as the centre tells them, and what a person asks of them (OPS-6). */

import { repeat } from './polling'
import { NO_ANSWER, quick, type Refusal } from './wall_desk.svelte'
import type { Said } from './words'

export type TourOn = {
  tour: string
  person: string
  is_mine: boolean
  slot: string
  /** Null where it is none of one's own. */
  camera: string | null
  done: number
  of: number
  begun_ns: number
}

export type SeenByTour = {
  camera: string
  seen_s: number
}

export type UnseenByTour = {
  camera: string
  why: Said
}

export type TourReport = {
  tour: string
  person: string
  begun_ns: number
  ended_ns: number
  completed: boolean
  seen: SeenByTour[]
  not_seen: UnseenByTour[]
}

export type Tours = {
  slots: string[]
  on: TourOn[]
  shift_begun_ns: number
  reports: TourReport[]
  not_seen: string[]
}

export type TourAsked = {
  name: string
  cameras: string[]
  dwell_s: number
  slot: string
}

const PERIOD_MS = 2_000
/** Older, the page says so. */
export const TOLD_MS_MAX = 8_000

export class TourDesk {
  /** Null: not told yet, or this centre makes none. */
  told = $state.raw<Tours | null>(null)
  age_ms = $state(0)
  refused = $state.raw<Refusal | null>(null)
  is_asking = $state(false)

  #told_ms = performance.now()

  start(): () => void {
    const end = repeat(PERIOD_MS, () => this.#look())
    const beat = setInterval(() => (this.age_ms = performance.now() - this.#told_ms), 500)
    return () => {
      end()
      clearInterval(beat)
    }
  }

  begin(asked: TourAsked): Promise<boolean> {
    return this.#ask('/api/tours/begin', asked)
  }

  end(): Promise<boolean> {
    return this.#ask('/api/tours/end')
  }

  async #ask(path: string, body?: TourAsked): Promise<boolean> {
    this.is_asking = true
    const at_ms = performance.now()
    try {
      const sent: RequestInit = { ...quick(), method: 'POST' }
      if (body !== undefined) {
        sent.headers = { 'Content-Type': 'application/json' }
        sent.body = JSON.stringify(body)
      }
      const response = await fetch(path, sent)
      if (response.ok) this.#take((await response.json()) as Tours, at_ms)
      this.refused = response.ok ? null : ((await response.json()) as Refusal)
      return response.ok
    } catch {
      this.refused = NO_ANSWER
      return false
    } finally {
      this.is_asking = false
    }
  }

  /** False: this page will never be told, and need not ask. */
  async #look(): Promise<boolean> {
    const at_ms = performance.now()
    try {
      const response = await fetch('/api/tours', quick())
      if (response.ok) this.#take((await response.json()) as Tours, at_ms)
      else if (response.status === 403) return false // each refusal is journaled
      else return ((await response.json()) as { code: string }).code !== 'tours_absent'
    } catch {
      // What was told last stays, and its age says how old it is.
    }
    return true
  }

  #take(told: Tours, at_ms: number): void {
    if (at_ms < this.#told_ms) return
    this.#told_ms = at_ms
    this.told = told
  }
}
