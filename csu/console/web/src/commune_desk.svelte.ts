/** The communes that one may read of, their papers and their months. Read when asked for, not again and again: who reads
 * papers or availabilities is journaled. */

import type { AlarmKind } from './alarm_desk.svelte'
import type { Lifecycle } from './room.svelte'
import { NO_ANSWER, quick, type Refusal } from './wall_desk.svelte'
import type { Said } from './words'

export type ServiceLevel = 'storage_only' | 'storage_and_watch'
export type CostKey = 'cameras' | 'inhabitants'

/** Shares from 0 to 1; null: nothing was expected. */
export type Availability = {
  expected_hours: number
  received: number | null
  viewed: number | null
  recorded: number | null
}

/** A count that is null is one to four, or would tell one. */
export type Figures = {
  cameras: number
  recorded_hours: number
  availability: Availability
  alarms: number | null
  kinds: { kind: AlarmKind; count: number | null }[]
  confirmed: number | null
  requisitions: number | null
}

export type MeasuredDays = { days: number; days_due: number; small_below: number }

export type Communes = { communes: { commune: string; name: string }[]; months: string[]; sees_all: boolean }

export type Cost = {
  year: number
  amount_cents: number
  share_cents: number
  key: CostKey
  key_words: Said
  weight: number
  weights: number
}

export type CommuneMonth = {
  commune: string
  name: string
  month: string
  measured: MeasuredDays
  figures: Figures
  cost: Cost | null
  cost_trouble: Said
}

export type AllMonth = {
  month: string
  measured: MeasuredDays
  total: Figures
  communes: { commune: string; name: string; figures: Figures; share_cents: number | null }[]
  amount_cents: number | null
  cost_trouble: Said
}

export type CommuneCamera = {
  camera: string
  number: number | null
  name: string
  order: string
  ordered_on: string | null
  ends_on: string | null
  retention_days: number | null
  why_not: Said
  lifecycle: Lifecycle
  lifecycle_words: Said
  mask_version: number
  signs: string[]
}

export type Order = {
  number: string
  ordered_on: string
  valid_from: string
  ends_on: string
  cameras: number
  purposes: Said[]
  retention_days: number
  interrupted: 'suspended' | 'withdrawn' | null
}

export type Agreement = { reference: string; from_day: string; ends_on: string; level: ServiceLevel }

export type Papers = {
  commune: string
  name: string
  as_of: string
  level: ServiceLevel | null
  controller: string
  contact: string
  dpo_name: string
  dpo_contact: string
  is_complete: boolean
  agreements: Agreement[]
  orders: Order[]
  cameras: CommuneCamera[]
}

export type CamerasMonth = {
  commune: string
  month: string
  measured: MeasuredDays
  cameras: { camera: string; number: number | null; name: string; availability: Availability }[]
}

/** What one role may read of a commune. */
export type Readable = { papers: boolean; availability: boolean }

export class CommuneDesk {
  communes = $state.raw<Communes | null>(null)
  all = $state.raw<AllMonth | null>(null)
  month = $state.raw<CommuneMonth | null>(null)
  papers = $state.raw<Papers | null>(null)
  cameras = $state.raw<CamerasMonth | null>(null)
  /** What could not be read, in the server's words. */
  trouble = $state.raw<Refusal | null>(null)
  /** When what is shown was read. */
  read_ms = $state<number | null>(null)
  reading = $state(false)

  #turn = 0

  async open(): Promise<void> {
    const told = await this.#read<Communes>('/api/communes')
    if (told !== null) this.communes = told
  }

  /** One commune's month; empty: all of them. Another one asked for meanwhile is the one that is shown. */
  async show(commune: string, month: string, readable: Readable): Promise<void> {
    const turn = ++this.#turn
    this.reading = true
    this.trouble = null
    if (commune !== this.month?.commune) [this.month, this.papers, this.cameras] = [null, null, null]
    if (commune === '') await this.#all(turn, month)
    else await this.#one(turn, commune, month, readable)
    if (turn === this.#turn) this.reading = false
  }

  async #all(turn: number, month: string): Promise<void> {
    const told = await this.#read<AllMonth>(`/api/communes-month/${month}`)
    this.#take(turn, () => (this.all = told), told)
  }

  async #one(turn: number, commune: string, month: string, readable: Readable): Promise<void> {
    const base = `/api/communes/${encodeURIComponent(commune)}`
    const [told, papers, cameras] = await Promise.all([
      this.#read<CommuneMonth>(`${base}/month/${month}`),
      readable.papers ? this.#read<Papers>(`${base}/papers`) : null,
      readable.availability ? this.#read<CamerasMonth>(`${base}/month/${month}/cameras`) : null,
    ])
    this.#take(turn, () => ([this.month, this.papers, this.cameras] = [told, papers, cameras]), told)
  }

  #take(turn: number, keep: () => void, told: unknown): void {
    if (turn !== this.#turn) return
    keep()
    if (told !== null) this.read_ms = performance.now()
  }

  async #read<Answer>(path: string): Promise<Answer | null> {
    try {
      const answer = await fetch(path, quick())
      if (answer.ok) return (await answer.json()) as Answer
      this.trouble = (await answer.json()) as Refusal
    } catch {
      this.trouble = NO_ANSWER
    }
    return null
  }
}

/** Where everybody may read of it, as it would be published. */
export function public_page(commune: string, language: string): string {
  return `/api/communes/${encodeURIComponent(commune)}/public?lang=${language}`
}
