/** Planned events as the centre tells them, each five seconds, and what a chief does with them. */

import { repeat } from './polling'
import { quick, type Refusal } from './wall_desk.svelte'
import type { Said } from './words'

/** Nanoseconds since 1970; JSON's numbers keep them to a quarter of a microsecond. */
type Ns = number

/** `csu.operations.EventKind`. */
export type EventKind = 'demonstration' | 'market' | 'match' | 'festival' | 'ceremony'

/** `csu.operations.EventState`. */
export type EventState = 'planned' | 'running' | 'ended' | 'reported' | 'called_off'

/** `csu.operations.EventOutcome`. */
export type EventOutcome = 'calm' | 'incidents' | 'broken_off'

/** Metres east and north. */
export type Point = [number, number]

export type EventReport = {
  outcome: EventOutcome
  by: string
  at_ns: Ns
  fewest_planned: number
  entries: number
  alarms: number
  calls: number
}

export type PlannedEvent = {
  number: number
  state: EventState
  kind: EventKind
  commune: string
  place: string
  from_ns: Ns
  to_ns: Ns
  route: Point[]
  perimeter: Point[]
  cameras: string[]
  purpose: string
  close_reason: string
  reference: string
  scene: string
  staff_wanted: number
  fewest_planned: number | null
  by: string
  called_off_by: string
  report: EventReport | null
}

export type Events = {
  at_ns: Ns
  may_set: boolean
  events: PlannedEvent[]
  scenes: { scene: string; name: string }[]
  purposes: { purpose: string; words: Said }[]
}

export type AreaAsked = { kind: EventKind; commune: string; route: Point[]; perimeter: Point[] }

export type EventAsked = AreaAsked & {
  place: string
  from_ns: Ns
  to_ns: Ns
  cameras: string[]
  purpose: string
  close_reason: string
  reference: string
  scene: string
  staff_wanted: number
}

const PERIOD_MS = 5_000
/** Older, the page says so. */
export const TOLD_MS_MAX = 12_000

const NO_ANSWER: Refusal = {
  fr: 'Le centre n’a pas répondu : relisez avant de recommencer.',
  en: 'The centre did not answer: read again before you try once more.',
  detail: { fr: '', en: '' },
}

export class EventDesk {
  told = $state.raw<Events | null>(null)
  age_ms = $state<number | null>(null)
  /** Why nothing is told. */
  trouble = $state.raw<Refusal | null>(null)
  refused = $state.raw<Refusal | null>(null)
  is_asking = $state(false)

  #told_ms: number | null = null

  start(): () => void {
    const stop = repeat(PERIOD_MS, () => this.#look())
    const beat = setInterval(() => {
      this.age_ms = this.#told_ms === null ? null : performance.now() - this.#told_ms
    }, 250)
    return () => {
      stop()
      clearInterval(beat)
    }
  }

  /** A new one; with a number, another in the place of that. */
  async enter(asked: EventAsked, number: number | null): Promise<boolean> {
    if (number === null) return this.#take(await this.#send<Events>('POST', '/api/planned-events', asked))
    return this.#take(await this.#send<Events>('PUT', `/api/planned-events/${number}`, asked))
  }

  async call_off(number: number): Promise<boolean> {
    return this.#take(await this.#send<Events>('POST', `/api/planned-events/${number}/call-off`))
  }

  async report(number: number, outcome: EventOutcome): Promise<boolean> {
    return this.#take(await this.#send<Events>('POST', `/api/planned-events/${number}/report`, { outcome }))
  }

  /** Cameras near it, in the order of the way. Null: refused. */
  proposed(asked: AreaAsked): Promise<string[] | null> {
    return this.#send<string[]>('POST', '/api/planned-events/cameras', asked)
  }

  #take(told: Events | null): boolean {
    if (told !== null) this.told = told
    return told !== null
  }

  async #send<Answer>(method: string, path: string, body?: unknown): Promise<Answer | null> {
    this.is_asking = true
    this.refused = null
    try {
      const headers = { 'Content-Type': 'application/json' }
      const told = body === undefined ? {} : { headers, body: JSON.stringify(body) }
      const response = await fetch(path, { ...quick(), method, ...told })
      if (response.ok) return (await response.json()) as Answer
      this.refused = (await response.json()) as Refusal
    } catch {
      this.refused = NO_ANSWER
    } finally {
      this.is_asking = false
    }
    return null
  }

  async #look(): Promise<void> {
    const at_ms = performance.now()
    try {
      const response = await fetch('/api/planned-events', quick())
      if (response.ok) {
        this.told = (await response.json()) as Events
        this.#told_ms = at_ms
        this.trouble = null
      } else this.trouble = (await response.json()) as Refusal
    } catch {
      // its age says it
    }
  }
}

/** `12.5 -40` or `12.5, -40`, one a line. Null: a line is none. */
export function points_of(text: string): Point[] | null {
  const lines = text.split('\n').map((line) => line.trim()).filter((line) => line !== '')
  const points = lines.map((line) => line.split(/[\s,;]+/).map(Number))
  return points.every((numbers) => numbers.length === 2 && numbers.every(Number.isFinite)) ? (points as Point[]) : null
}

export function text_of(points: Point[]): string {
  return points.map(([x, y]) => `${x} ${y}`).join('\n')
}
