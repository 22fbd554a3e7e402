/** What the counters of a commune tell: late, in figures of five or more. Read when asked for. */

import { NO_ANSWER, type Refusal } from './wall_desk.svelte'
import type { Said } from './words'

export type CounterKind = 'traffic' | 'footfall' | 'bin'
export type Told = 'count' | 'small' | 'gap'

export type Statistics = {
  communes: { commune: string; name: string }[]
  first_day: string
  last_day: string
  profile_days_max: number
  small_below: number
  delay_s: number
  seen_share_min: number
}

export type Counter = {
  counter: string
  kind: CounterKind
  place: string
  counted: string[]
  forward: string
  backward: string
  slot_s: number
  capacity_deposits: number | null
  decision: string
  sign: string
  from_day: string
  ends_on: string
  counts: boolean
  why: Said
}

export type Counters = { commune: string; name: string; counters: Counter[] }

/** `mean` null: too little is told of that hour. */
export type Hour = { hour: number; mean: number | null; is_estimated: boolean }

export type Series = { counter: string; counted: string; is_forward: boolean; hours: Hour[] }

/** At least `count`; `withheld` times there were one to four more. */
export type Day = { day: string; count: number; withheld: number; told_share: number }

export type Change = {
  first: string
  last: string
  before: number
  now: number
  hours: number
  share: number | null
}

/** `weekday` 0: Monday. */
export type Collection = { weekday: number; hour: number; fill_share: number; why: Said }

export type Bin = {
  counter: string
  place: string
  capacity_deposits: number | null
  collections: Collection[]
  why_none: Said
}

export type Profile = {
  commune: string
  kind: CounterKind
  first: string
  last: string
  series: Series[]
  total: Hour[]
  days: Day[]
  change: Change
  bins: Bin[]
}

/** Of one day, times of Paris. */
export type Figure = { from_time: string; to_time: string; told: Told; count: number | null }

export type CounterDay = {
  counter: string
  day: string
  series: { counted: string; is_forward: boolean; figures: Figure[] }[]
}

/** All counters of a large commune take a while to add up. */
const TIMEOUT_MS = 60_000

/** What is asked for: of all counters of a kind, or of one. */
export type Asked = { commune: string; kind: CounterKind; counter: string; first: string; last: string }

export class StatisticsDesk {
  told = $state.raw<Statistics | null>(null)
  counters = $state.raw<Counters | null>(null)
  profile = $state.raw<Profile | null>(null)
  day = $state.raw<CounterDay | null>(null)
  /** What could not be read, in the server's words. */
  trouble = $state.raw<Refusal | null>(null)
  reading = $state(false)

  #turn = 0

  async open(): Promise<void> {
    const told = await this.#read<Statistics>('/api/statistics')
    if (told !== null) this.told = told
  }

  async choose(commune: string): Promise<void> {
    this.counters = this.profile = this.day = null
    const told = await this.#read<Counters>(`${of(commune)}/counters`)
    if (told?.commune === commune) this.counters = told
  }

  /** Another one asked for meanwhile is the one that is shown. */
  async show(asked: Asked): Promise<void> {
    const turn = ++this.#turn
    this.reading = true
    this.trouble = null
    this.day = null
    const query = new URLSearchParams({ kind: asked.kind, first: asked.first, last: asked.last, counter: asked.counter })
    const told = await this.#read<Profile>(`${of(asked.commune)}/profile?${query}`)
    if (turn !== this.#turn) return
    this.profile = told
    this.reading = false
  }

  async show_day(commune: string, counter: string, day: string): Promise<void> {
    const turn = this.#turn
    const query = new URLSearchParams({ counter, day })
    const told = await this.#read<CounterDay>(`${of(commune)}/day?${query}`)
    if (turn === this.#turn) this.day = told
  }

  async #read<Answer>(path: string): Promise<Answer | null> {
    try {
      const answer = await fetch(path, { cache: 'no-store', signal: AbortSignal.timeout(TIMEOUT_MS) })
      if (answer.ok) return (await answer.json()) as Answer
      this.trouble = (await answer.json()) as Refusal
    } catch {
      this.trouble = NO_ANSWER
    }
    return null
  }
}

/** Where the file of what is shown lies. */
export function file_of(asked: Asked, form: 'csv' | 'parquet'): string {
  const query = new URLSearchParams({ kind: asked.kind, first: asked.first, last: asked.last })
  return `${of(asked.commune)}/counts.${form}?${query}`
}

/** So many days earlier, as the server writes days. */
export function days_before(day: string, days: number): string {
  const at = new Date(`${day}T00:00:00Z`)
  at.setUTCDate(at.getUTCDate() - days)
  return at.toISOString().slice(0, 10)
}

function of(commune: string): string {
  return `/api/statistics/${encodeURIComponent(commune)}`
}
