/** One camera that can be turned, as the centre tells it, and the orders of the hand on it (decision 0041). */

import { repeat } from './polling'
import { PtzHand, type Order, type Outcome, type Velocity } from './ptz_hand'
import type { Refusal } from './wall_desk.svelte'

/** `csu.operations.PtzRank`. */
export type PtzRank = 'tour' | 'operator' | 'chief' | 'alarm'

export type PtzAnswer = {
  camera: string
  holder: string | null
  rank: PtzRank | null
  is_mine: boolean
  is_moving: boolean
  /** Nanoseconds since 1970. */
  since_ns: number | null
}

/** Where the centre may be told to send it. */
export type Preset = {
  camera: string
  number: number
  name: string
  stored_by: string
  /** Nanoseconds since 1970. */
  stored_at_ns: number
}

/** `csu.operations.presets`. */
export const PRESET_NUMBER_MAX = 99
export const PRESET_NAME_MAX = 40

const PERIOD_MS = 2_000
const TIMEOUT_MS = 5_000
/** Older, the page says so. */
export const TOLD_MS_MAX = 6_000

const NO_ANSWER: Refusal = {
  fr: 'Le centre n’a pas répondu : sans nouvelles de la main, il arrête la caméra. Lâchez, puis reprenez.',
  en: 'The centre did not answer: it stops a camera whose hand is silent. Let go, then take it again.',
  detail: { fr: '', en: '' },
}

const UNANSWERED: Refusal = {
  fr: 'Le centre n’a pas répondu : regardez où va la caméra avant de recommencer.',
  en: 'The centre did not answer: look where the camera goes before you try again.',
  detail: { fr: '', en: '' },
}

const desks = new Map<string, PtzDesk>()

/** The one of a camera: who leaves its tile and comes back finds the same hand, with what it has still to say. */
export function desk_of(camera: string): PtzDesk {
  const desk = desks.get(camera) ?? new PtzDesk(camera)
  desks.set(camera, desk)
  return desk
}

export class PtzDesk {
  /** Null: it cannot be turned, or nobody said so yet. */
  told = $state.raw<PtzAnswer | null>(null)
  /** How old what is told may be: since it was asked for. */
  age_ms = $state(0)
  /** The hand was stopped: why, in the server's words. */
  refused = $state.raw<Refusal | null>(null)
  /** It was this person's, and is no longer: who has it now, or nobody, for it was not used. */
  lost_to = $state.raw<PtzAnswer | null>(null)

  /** By number; null: not told yet, or not to this person. */
  presets = $state.raw<Preset[] | null>(null)
  /** An order to go somewhere is not answered yet. */
  is_sent = $state(false)

  #camera: string
  #hand = new PtzHand()
  #timer: ReturnType<typeof setTimeout> | undefined
  #gave_back = false
  #told_ms = 0
  #sent = 0
  #taken = 0

  constructor(camera: string) {
    this.#camera = camera
  }

  /** Looks each 2 s, until it is ended; the hand's last word, a stop, is said even then. */
  start(): () => void {
    this.told = this.refused = this.lost_to = null
    this.#gave_back = false
    const stop = repeat(PERIOD_MS, () => this.#look())
    const beat = setInterval(() => (this.age_ms = performance.now() - this.#told_ms), 500)
    queueMicrotask(() => void this.#look_presets())
    return () => {
      stop()
      clearInterval(beat)
    }
  }

  /** What the picture shows there, in shares of it from its top left corner, comes into its middle. */
  async centre(x: number, y: number, closer: number): Promise<void> {
    await this.#send('POST', 'centre', { x, y, closer })
  }

  async go(preset: number): Promise<void> {
    await this.#send('POST', `presets/${preset}`, {})
  }

  /** Whether where it looks now is that preset from here on. */
  async store(preset: number, name: string): Promise<boolean> {
    const is_done = await this.#send('PUT', `presets/${preset}`, { name })
    await this.#look_presets()
    return is_done
  }

  async forget(preset: number): Promise<void> {
    await this.#send('DELETE', `presets/${preset}`)
    await this.#look_presets()
  }

  want(velocity: Velocity): void {
    this.#hand.want(velocity)
    this.#go_on()
  }

  give_back(): void {
    this.#gave_back = true
    this.#hand.give_back()
    this.#go_on()
  }

  /** Says what is due, or waits for it; nothing while an order is under way: its end comes back here. */
  #go_on(): void {
    clearTimeout(this.#timer)
    const now_ms = performance.now()
    const due = this.#hand.due(now_ms)
    if (due === null) return
    if (due.at_ms > now_ms) {
      this.#timer = setTimeout(() => this.#go_on(), due.at_ms - now_ms)
      return
    }
    this.#hand.begun(due.order, now_ms)
    void this.#say(due.order).then((outcome) => {
      this.#hand.ended(outcome)
      this.#go_on()
    })
  }

  async #say(order: Order): Promise<Outcome> {
    const turn = this.#begin()
    try {
      // Kept alive: a page that closes still says its stop.
      const sent: RequestInit = { ...quick(), method: 'POST', keepalive: true }
      if (order.verb === 'move') {
        sent.headers = { 'Content-Type': 'application/json' }
        sent.body = JSON.stringify(order.velocity)
      }
      const response = await fetch(`/api/cameras/${encodeURIComponent(this.#camera)}/ptz/${order.verb}`, sent)
      if (response.ok) {
        if (order.verb === 'move') this.refused = this.lost_to = null
        this.#take((await response.json()) as PtzAnswer, turn)
        return 'done'
      }
      this.refused = (await response.json()) as Refusal
      void this.#look() // who has it now
      return response.status < 500 ? 'refused' : 'unknown'
    } catch {
      this.refused = NO_ANSWER
      return 'unknown'
    }
  }

  async #send(method: string, path: string, body?: object): Promise<boolean> {
    const turn = this.#begin()
    this.is_sent = true
    try {
      const sent: RequestInit = { ...quick(), method }
      if (body !== undefined) {
        sent.headers = { 'Content-Type': 'application/json' }
        sent.body = JSON.stringify(body)
      }
      const response = await fetch(`/api/cameras/${encodeURIComponent(this.#camera)}/ptz/${path}`, sent)
      if (response.ok) {
        this.refused = this.lost_to = null
        this.#take((await response.json()) as PtzAnswer, turn)
      } else this.refused = (await response.json()) as Refusal
      return response.ok
    } catch {
      this.refused = UNANSWERED
      return false
    } finally {
      this.is_sent = false
    }
  }

  async #look_presets(): Promise<void> {
    try {
      const response = await fetch('/api/ptz/presets', quick())
      if (!response.ok) return
      this.presets = ((await response.json()) as Preset[]).filter(({ camera }) => camera === this.#camera)
    } catch {
      return // those that were told stay
    }
  }

  async #look(): Promise<void> {
    const turn = this.#begin()
    try {
      const response = await fetch('/api/ptz', quick())
      if (response.ok) {
        const all = (await response.json()) as PtzAnswer[]
        this.#take(all.find(({ camera }) => camera === this.#camera) ?? null, turn)
      } else if (response.status < 500) this.#take(null, turn) // this centre turns none, or not for this person
    } catch {
      // What was told last stays, and its age says how old it is.
    }
  }

  #begin(): { number: number; at_ms: number } {
    this.#sent += 1
    return { number: this.#sent, at_ms: performance.now() }
  }

  /** What was asked for earlier than what is shown says nothing new: an answer that was overtaken is let go. */
  #take(told: PtzAnswer | null, turn: { number: number; at_ms: number }): void {
    if (turn.number < this.#taken) return
    this.#taken = turn.number
    this.#told_ms = turn.at_ms
    this.age_ms = performance.now() - turn.at_ms
    if (told?.is_mine === true) this.lost_to = null
    else if (this.told?.is_mine === true) {
      if (!this.#gave_back) this.lost_to = told
      this.#gave_back = false
    } else if (told?.holder === null && this.told?.holder != null) {
      this.refused = this.lost_to = null // who took it is done
    }
    this.told = told
  }
}

function quick(): RequestInit {
  return { cache: 'no-store', signal: AbortSignal.timeout(TIMEOUT_MS) }
}
