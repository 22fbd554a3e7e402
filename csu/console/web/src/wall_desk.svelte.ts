/** The wall as the centre tells it, each second, and what a person asks of it. */

import { repeat } from './polling'
import type { Language, Said } from './words'

/** Left, top, width, height: shares of the visible wall. */
export type WallRect = [number, number, number, number]

/** `csu.wall.SlotRule`. */
export type SlotRule = 'fixed' | 'priority' | 'tour' | 'alarm_spot' | 'route_head' | 'route_tail' | 'perimeter'

/** Nanoseconds since 1970; JSON's numbers keep them to a quarter of a microsecond. */
type Ns = number

export type Place = { person: string; is_mine: boolean; until_ns: Ns }

export type WallTile = {
  tile: string
  rect: WallRect
  z: number
  rule: SlotRule
  camera: string | null
  camera_name: string | null
  cause_kind: string
  cause: Said
  is_alarm: boolean
  request: (Place & { is_close: boolean }) | null
  lock: Place | null
  reason_by_ns: Ns | null
}

export type Programme = {
  programme: string
  scene: string
  from_ns: Ns
  to_ns: Ns
  priority: number
  is_on: boolean
  is_weekly: boolean
}

export type WallAnswer = {
  scene: string
  scene_name: string
  cause: Said
  aspect: number
  panels: { panel: string; rect: WallRect }[]
  scenes: { scene: string; name: string }[]
  programmes: Programme[]
  tiles: WallTile[]
  budget: { active: number; watching: number; most: number; per_person: number; is_over: boolean }
  waiting: { alarms: number; without_camera: number; signals: number }
  can_undo: boolean
  is_chief: boolean
}

export type Change = { at_ns: Ns; scene: string; camera: string | null; was: string | null; words: Said }

export type Coverage = {
  begun_ns: Ns
  cameras: { camera: string; name: string; live_s: number }[]
  not_seen: { camera: string; name: string }[]
  never_seen_weeks: { weeks: number; cameras: { camera: string; name: string }[] | null }
}

/** An error of the console: French, English, and why. */
export type Refusal = Said & { detail: Said }

/** Beside what a refusal is shown. */
export type Where = 'scene' | 'programme' | 'undo' | `tile/${string}`

const PERIOD_MS = 1_000
const TIMEOUT_MS = 5_000
/** Older, the page says so and no longer shows it as the present. */
export const TOLD_MS_MAX = 3_000

export const NO_ANSWER: Refusal = {
  fr: 'Le centre n’a pas répondu : rien ne dit que cela a été fait.',
  en: 'The centre did not answer: nothing says that it was done.',
  detail: { fr: '', en: '' },
}

export class WallDesk {
  wall = $state.raw<WallAnswer | null>(null)
  /** How old what is told may be: since it was asked for. Null: never told. */
  age_ms = $state<number | null>(null)
  /** Why the wall is not told. */
  trouble = $state.raw<Refusal | null>(null)
  refused = $state.raw<{ where: Where; said: Refusal } | null>(null)
  /** What is being asked, not answered yet. */
  asking = $state<Where | null>(null)

  #told_ms: number | null = null
  #sent = 0
  #taken = 0

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

  place(tile: string, camera: string, close = false, reason = ''): Promise<boolean> {
    return this.#ask(`tile/${tile}`, 'POST', `${of_tile(tile)}/camera`, { camera, close, reason })
  }

  free(tile: string): Promise<boolean> {
    return this.#ask(`tile/${tile}`, 'DELETE', `${of_tile(tile)}/camera`)
  }

  explain(tile: string, reason: string): Promise<boolean> {
    return this.#ask(`tile/${tile}`, 'POST', `${of_tile(tile)}/reason`, { reason })
  }

  lock(tile: string, minutes: number): Promise<boolean> {
    return this.#ask(`tile/${tile}`, 'POST', `${of_tile(tile)}/lock`, { minutes })
  }

  unlock(tile: string): Promise<boolean> {
    return this.#ask(`tile/${tile}`, 'DELETE', `${of_tile(tile)}/lock`)
  }

  /** Empty: back to the programme. */
  call(scene: string): Promise<boolean> {
    return this.#ask('scene', 'POST', '/api/wall/scene', { scene })
  }

  begin(planned: Omit<Programme, 'is_on' | 'is_weekly'>): Promise<boolean> {
    return this.#ask('programme', 'POST', '/api/wall/programmes', planned)
  }

  end(programme: string): Promise<boolean> {
    return this.#ask('programme', 'DELETE', `/api/wall/programmes/${encodeURIComponent(programme)}`)
  }

  undo(): Promise<boolean> {
    return this.#ask('undo', 'POST', '/api/wall/undo')
  }

  /** What became of a tile, oldest first; null when the centre does not tell. */
  async why(tile: string): Promise<Change[] | null> {
    return (await read<{ changes: Change[] }>(`${of_tile(tile)}/why`))?.changes ?? null
  }

  coverage(): Promise<Coverage | null> {
    return read<Coverage>('/api/wall/coverage')
  }

  async #look(): Promise<void> {
    const turn = this.#begin()
    try {
      const response = await fetch('/api/wall', quick())
      if (response.ok) this.#take((await response.json()) as WallAnswer, turn)
      else this.trouble = (await response.json()) as Refusal
    } catch {
      // What was told last stays, and its age says how old it is.
    }
  }

  async #ask(where: Where, method: 'POST' | 'DELETE', path: string, body?: object): Promise<boolean> {
    this.refused = null
    this.asking = where
    try {
      const turn = this.#begin()
      const sent: RequestInit = { ...quick(), method }
      if (body !== undefined) {
        sent.headers = { 'Content-Type': 'application/json' }
        sent.body = JSON.stringify(body)
      }
      const response = await fetch(path, sent)
      if (response.ok) {
        this.#take((await response.json()) as WallAnswer, turn)
        return true
      }
      this.refused = { where, said: (await response.json()) as Refusal }
    } catch {
      this.refused = { where, said: NO_ANSWER }
    } finally {
      this.asking = null
    }
    return false
  }

  #begin(): { number: number; at_ms: number } {
    this.#sent += 1
    return { number: this.#sent, at_ms: performance.now() }
  }

  /** What was asked for earlier than what is shown says nothing new: an answer that was overtaken is let go. */
  #take(wall: WallAnswer, turn: { number: number; at_ms: number }): void {
    if (turn.number < this.#taken) return
    this.#taken = turn.number
    this.#told_ms = turn.at_ms
    this.age_ms = performance.now() - turn.at_ms
    this.wall = wall
    this.trouble = null
  }
}

function of_tile(tile: string): string {
  return `/api/wall/tiles/${encodeURIComponent(tile)}`
}

/** A question that is given up rather than awaited for long. */
export function quick(): RequestInit {
  return { cache: 'no-store', signal: AbortSignal.timeout(TIMEOUT_MS) }
}

async function read<Answer>(path: string): Promise<Answer | null> {
  try {
    const response = await fetch(path, quick())
    return response.ok ? ((await response.json()) as Answer) : null
  } catch {
    return null
  }
}

/** Seconds from now until an instant of the centre, not below 0. */
export function left_s(until_ns: Ns, now_ms: number): number {
  return Math.max(0, Math.ceil((until_ns / 1e6 - now_ms) / 1000))
}

/** What the console says, and why. */
export function refusal_words(said: Refusal, language: Language): string {
  return [said[language], said.detail[language]].filter((part) => part !== '').join(' — ')
}
