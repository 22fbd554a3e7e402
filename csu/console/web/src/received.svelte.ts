/** What is deported to the person who is signed in, as the centre tells it. */

import { repeat } from './polling'
import { quick, type Refusal } from './wall_desk.svelte'
import type { DeportEnd } from './deports.svelte'
import type { Said } from './words'

export type ReceivedCamera = { camera: string; number: number; name: string; commune: string }

export type Received = {
  deport: string
  words: Said
  started_by: string
  cameras: ReceivedCamera[]
  from_ns: number
  until_ns: number
  seconds_left: number
  is_open: boolean
  ended_ns: number | null
  why: DeportEnd | null
  why_words: Said
}

const PERIOD_MS = 2_000
export const RECEIVED_TOLD_MS_MAX = 8_000

export class ReceivedDesk {
  /** The newest first; null: not told. */
  all = $state.raw<Received[] | null>(null)
  age_ms = $state<number | null>(null)
  trouble = $state.raw<Refusal | null>(null)

  #told_ms: number | null = null

  start(): () => void {
    const stop = repeat(PERIOD_MS, () => this.#look())
    const beat = setInterval(() => {
      this.age_ms = this.#told_ms === null ? null : performance.now() - this.#told_ms
    }, 500)
    return () => {
      stop()
      clearInterval(beat)
    }
  }

  left_s(deport: Received): number {
    return deport.is_open ? Math.max(0, deport.seconds_left - (this.age_ms ?? 0) / 1000) : 0
  }

  async #look(): Promise<void> {
    const at_ms = performance.now()
    try {
      const response = await fetch('/api/deports/mine', quick())
      if (!response.ok) {
        this.trouble = (await response.json()) as Refusal
        return
      }
      this.all = (await response.json()) as Received[]
      this.#told_ms = at_ms
      this.age_ms = performance.now() - at_ms
      this.trouble = null
    } catch {
      // What was told last stays, and its age says how old it is.
    }
  }
}
