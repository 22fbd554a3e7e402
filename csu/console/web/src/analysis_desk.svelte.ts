/** Real-time analysis as its page asks for it: the signals, what people make of them, the zones drawn, the kill switch. */

import { analysed, told } from './analysed.svelte'
import { repeat } from './polling'
import type { Room } from './room.svelte'
import { NO_ANSWER, quick, type Refusal } from './wall_desk.svelte'
import type { Said } from './words'

/** `csu.hal.analysis.EventType`. */
export const EVENT_TYPES = [
  'abandoned_object',
  'weapon',
  'wrong_way',
  'restricted_zone',
  'person_down',
  'crowd_movement',
  'crowd_density',
  'fire_start',
] as const
export type EventType = (typeof EVENT_TYPES)[number]

export type Point = [number, number]
export type PictureBox = { left: number; top: number; right: number; bottom: number }

export type AnalysedCamera = {
  camera: string
  number: number
  name: string
  commune: string
  is_analysed: boolean
  why: Said
  order: string
  until_ns: number | null
  types: EventType[]
}

export type WaitingSignal = {
  signal: string
  camera: string
  number: number
  name: string
  commune: string
  type: EventType
  words: Said
  zone: string
  corners: Point[]
  since_ns: number
  at_ns: number
  until_ns: number
  boxes: PictureBox[]
  /** heat_rows x heat_columns of 0 to 255, row by row; or nothing. */
  heat: number[]
  score: number
  order: string
}

export type Verdict = { verdict: string; is_confirmed: boolean; words: Said }

export type TypeNamed = { type: EventType; words: Said }

export type AnalysisAnswer = {
  now_ns: number
  is_stopped: boolean
  stopped_as: Said
  pictures_today: number
  types: TypeNamed[]
  cameras: AnalysedCamera[]
}

export type SignalsAnswer = {
  now_ns: number
  heat_columns: number
  heat_rows: number
  verdicts: Verdict[]
  signals: WaitingSignal[]
}

export type ReportRow = {
  type: EventType
  words: Said
  camera: string
  name: string
  is_night: boolean
  raised: number
  confirmed: number
  doubtful: number
  dismissed: number
  unjudged: number
  precision: number | null
}

export type SignalReportAnswer = { from_ns: number; to_ns: number; rows: ReportRow[] }

export type ParameterAsked = {
  name: string
  words: Said
  default: number
  least: number
  most: number
  is_yes_or_no: boolean
}

export type TypeAsked = { type: EventType; words: Said; unavailable: Said; needs_lane: boolean; parameters: ParameterAsked[] }

export type ZoneDrawn = { zone: string; type: EventType; corners: Point[]; lane: [Point, Point] | null; parameters: Record<string, number> }

export type DrawingAnswer = {
  camera: string
  drawn_by: string
  drawn_ns: number | null
  /** They hold only in the view in which they were drawn, because the camera turns. */
  is_of_one_view: boolean
  zones: ZoneDrawn[]
  types: TypeAsked[]
}

export type ZonesTold = { zones: ZoneDrawn[] }

const PERIOD_MS = 2_000
/** Older, the page says so. */
export const TOLD_MS_MAX = 8_000

export class AnalysisDesk {
  /** Null: not told yet, or not to this person. */
  waiting = $state.raw<SignalsAnswer | null>(null)
  report = $state.raw<SignalReportAnswer | null>(null)
  /** Why there is nothing to be shown of the signals, of the report. */
  trouble = $state.raw<Refusal | null>(null)
  report_trouble = $state.raw<Refusal | null>(null)
  /** Since the signals were asked for. */
  age_ms = $state<number | null>(null)
  is_asking = $state(false)

  #told_ms: number | null = null

  readonly is_stale = $derived(this.waiting !== null && (this.age_ms ?? 0) > TOLD_MS_MAX)

  start(room: Room): () => void {
    const stop = repeat(PERIOD_MS, () => this.look(), (look) => room.on('signals', look))
    const beat = setInterval(() => {
      this.age_ms = this.#told_ms === null ? null : performance.now() - this.#told_ms
    }, 500)
    return () => {
      stop()
      clearInterval(beat)
      this.waiting = null
    }
  }

  /** False: this page will never be told. */
  async look(): Promise<boolean> {
    const at_ms = performance.now()
    const answer = await told<SignalsAnswer>('/api/analysis/signals')
    if ('refused' in answer) {
      this.trouble = answer.refused
      return !answer.for_good
    }
    this.waiting = answer.told
    this.trouble = null
    this.#told_ms = at_ms
    this.age_ms = performance.now() - at_ms
    return true
  }

  async look_at_report(): Promise<void> {
    const answer = await told<SignalReportAnswer>('/api/analysis/report')
    if ('refused' in answer) this.report_trouble = answer.refused
    else [this.report, this.report_trouble] = [answer.told, null]
  }

  async judge(signal: string, verdict: string): Promise<Refusal | null> {
    const refused = await this.#ask(`/api/analysis/signals/${encodeURIComponent(signal)}/judge`, 'POST', { verdict })
    await this.look() // refused, it may be gone
    return refused
  }

  async stop_all(reason: string): Promise<Refusal | null> {
    return this.#then_look(await this.#ask('/api/analysis/stop', 'POST', { reason }))
  }

  async resume(reason: string): Promise<Refusal | null> {
    return this.#then_look(await this.#ask('/api/analysis/resume', 'POST', { reason }))
  }

  async drawing(camera: string): Promise<DrawingAnswer | Refusal> {
    const answer = await told<DrawingAnswer>(`/api/analysis/cameras/${encodeURIComponent(camera)}/zones`)
    return 'refused' in answer ? answer.refused : answer.told
  }

  draw(camera: string, asked: ZonesTold): Promise<Refusal | null> {
    return this.#ask(`/api/analysis/cameras/${encodeURIComponent(camera)}/zones`, 'PUT', asked)
  }

  async #then_look(refused: Refusal | null): Promise<Refusal | null> {
    await analysed.look()
    return refused
  }

  /** Null: done. */
  async #ask(path: string, method: string, body: object): Promise<Refusal | null> {
    this.is_asking = true
    try {
      const headers = { 'Content-Type': 'application/json' }
      const answer = await fetch(path, { ...quick(), method, headers, body: JSON.stringify(body) })
      return answer.ok ? null : ((await answer.json()) as Refusal)
    } catch {
      return NO_ANSWER
    } finally {
      this.is_asking = false
    }
  }
}
