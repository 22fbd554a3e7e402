/** The image deports as the centre tells them, on every page of who may know of them; and what the chief asks. */

import { repeat } from './polling'
import type { Room } from './room.svelte'
import { NO_ANSWER, quick, type Refusal } from './wall_desk.svelte'
import type { Said } from './words'

/** `csu.operations.Incident`. */
export const INCIDENTS = [
  'violence',
  'intrusion',
  'theft',
  'damage',
  'person_in_danger',
  'fire',
  'accident',
  'panic_button',
  'obstruction',
  'by_voice',
] as const
export type Incident = (typeof INCIDENTS)[number]

export type Recipient = { account: string; name: string; service: string; clearance: string; cleared_until_ns: number }

export type DeportedCamera = {
  camera: string
  number: number
  name: string
  commune: string
  watching: number
  is_withdrawn: boolean
}

export type DeportLine = {
  step: 'started' | 'prolonged' | 'resumed' | 'withdrawn' | 'ended'
  at_ns: number
  by: string
  reason: string
  until_ns: number | null
  cameras: string[]
  why: DeportEnd | null
}

export type DeportEnd = 'stopped' | 'incident_over' | 'time' | 'right'

export type Deport = {
  deport: string
  what: Incident
  words: Said
  alarm: string
  event: string
  recipient: Recipient
  cameras: DeportedCamera[]
  others: number
  from_ns: number
  until_ns: number
  seconds_left: number
  is_open: boolean
  why: DeportEnd | null
  why_words: Said
  lines: DeportLine[]
}

type DeportsAnswer = { now_ns: number; minutes_max: number; deports: Deport[] }

export type StartAsked = {
  what: Incident
  recipient: string
  cameras: string[]
  reason: string
  alarm: string
  event: string
  minutes: number
}

const PERIOD_MS = 3_000
/** Older, the page says so. */
export const TOLD_MS_MAX = 10_000

export class Deports {
  /** The newest first; null: not told yet, or not to this person. */
  all = $state.raw<Deport[] | null>(null)
  minutes_max = $state(0)
  /** Since what is told was asked for. */
  age_ms = $state<number | null>(null)
  trouble = $state.raw<Refusal | null>(null)
  is_asking = $state(false)
  /** Opened or over since the last look: for a screen reader. */
  news = $state.raw<Deport | null>(null)

  #told_ms: number | null = null

  /** Those that show something now, by what was told and the time since. */
  readonly open = $derived((this.all ?? []).filter((deport) => deport.is_open && this.left_s(deport) > 0))
  readonly is_stale = $derived(this.all !== null && (this.age_ms ?? 0) > TOLD_MS_MAX)

  start(room: Room): () => void {
    const stop = repeat(PERIOD_MS, () => this.look(), (look) => room.on('deports', look))
    const beat = setInterval(() => {
      this.age_ms = this.#told_ms === null ? null : performance.now() - this.#told_ms
    }, 500)
    return () => {
      stop()
      clearInterval(beat)
      this.all = null
    }
  }

  left_s(deport: Deport): number {
    return deport.is_open ? Math.max(0, deport.seconds_left - (this.age_ms ?? 0) / 1000) : 0
  }

  /** The open ones that show this camera. */
  of_camera(camera: string): Deport[] {
    return this.open.filter((each) => each.cameras.some((line) => line.camera === camera && !line.is_withdrawn))
  }

  /** False: this page will never be told, and need not ask. */
  async look(): Promise<boolean> {
    const at_ms = performance.now()
    try {
      const response = await fetch('/api/deports', quick())
      if (!response.ok) {
        const refused = (await response.json()) as Refusal & { code: string }
        this.trouble = refused
        return response.status !== 403 && refused.code !== 'deports_absent'
      }
      const told = (await response.json()) as DeportsAnswer
      this.#announce(told.deports)
      this.#told_ms = at_ms
      this.age_ms = performance.now() - at_ms
      this.minutes_max = told.minutes_max
      this.all = told.deports
      this.trouble = null
    } catch {
      // What was told last stays, and its age says how old it is.
    }
    return true
  }

  open_one(asked: StartAsked): Promise<{ deport: Deport } | { refused: Refusal }> {
    return this.#ask('/api/deports', asked)
  }

  prolong(deport: string, minutes: number, reason: string): Promise<{ deport: Deport } | { refused: Refusal }> {
    return this.#ask(`/api/deports/${encodeURIComponent(deport)}/prolong`, { minutes, reason })
  }

  stop(deport: string, reason: string): Promise<{ deport: Deport } | { refused: Refusal }> {
    return this.#ask(`/api/deports/${encodeURIComponent(deport)}/stop`, { reason })
  }

  #announce(told: Deport[]): void {
    if (this.all === null) return
    const were = new Map(this.all.map((each) => [each.deport, each.is_open]))
    this.news = told.find((each) => (were.get(each.deport) ?? false) !== each.is_open) ?? this.news
  }

  async #ask(path: string, body: unknown): Promise<{ deport: Deport } | { refused: Refusal }> {
    this.is_asking = true
    try {
      const headers = { 'Content-Type': 'application/json' }
      const response = await fetch(path, { ...quick(), method: 'POST', headers, body: JSON.stringify(body) })
      if (!response.ok) return { refused: (await response.json()) as Refusal }
      const deport = (await response.json()) as Deport
      await this.look()
      return { deport }
    } catch {
      return { refused: NO_ANSWER }
    } finally {
      this.is_asking = false
    }
  }
}

/** One for the whole page: the bar, the tiles and the page of deports say the same. */
export const deports = new Deports()

export async function recipients(): Promise<Recipient[] | null> {
  return read<Recipient[]>('/api/deports/recipients')
}

/** An alarm that is not closed; `cameras`: proposed, of the one that was asked about. */
export type OpenAlarm = {
  alarm: string
  commune: string
  site: string
  kind: string
  state: string
  raised_ms: number
  cameras: string[] | null
}

export async function open_alarms(cameras_of = ''): Promise<OpenAlarm[] | null> {
  const asked = cameras_of === '' ? '' : `?cameras_of=${encodeURIComponent(cameras_of)}`
  const told = await read<{ lines: { alarm: OpenAlarm }[] }>(`/api/alarms/desk${asked}`)
  return told === null ? null : told.lines.map((line) => line.alarm)
}

async function read<Answer>(path: string): Promise<Answer | null> {
  try {
    const response = await fetch(path, quick())
    return response.ok ? ((await response.json()) as Answer) : null
  } catch {
    return null
  }
}
