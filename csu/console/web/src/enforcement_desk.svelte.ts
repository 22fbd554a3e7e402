/** Video enforcement as its doors tell it, and what the agent asks of them (VVB-1 to VVB-6). */

import { ask, type Answered } from './dpo_asking'
import { repeat } from './polling'
import type { Refusal } from './wall_desk.svelte'
import type { Said } from './words'

export type View = 'context' | 'close'
export type OffenceClass = 'parking' | 'driving' | 'vehicle' | 'waste'
export type Corner = [number, number]

export type Offence = {
  offence: string
  kind: OffenceClass
  kind_words: Said
  words: Said
  article: string
  basis: string
  fine_class: number
  natinf: string
  stands_s: number
}

export type CameraForTickets = {
  camera: string
  number: number
  name: string
  why_not: Record<string, Said>
}

export type Standing = {
  corners: Corner[]
  from_ns: number
  to_ns: number | null
}

export type Part = {
  left: number
  top: number
  right: number
  bottom: number
}

export type Still = {
  number: number
  view: View
  captured_at_ns: number
  painted: Part[]
}

export type Draft = {
  draft: string
  session: string
  camera: string
  offence: string
  opened_at_ns: number
  until_ns: number
  stills: Still[]
  standing: Standing | null
}

export type SignedRecord = {
  record: string
  camera: string
  offence: string
  offence_words: Said
  signed_at_ns: number
  sent_at_ns: number | null
  until_ns: number
}

export type EnforcementAnswer = {
  now_ns: number
  table_version: string
  table_status: Said
  offences: Offence[]
  cameras: CameraForTickets[]
  draft: Draft | null
  records: SignedRecord[]
  stills_min: number
  stills_max: number
  kept_days: number
}

export type SignAsked = {
  plate: string
  country: string
  place: string
}

const PERIOD_MS = 20_000

export class EnforcementDesk {
  told = $state.raw<EnforcementAnswer | null>(null)
  /** Why nothing is told. */
  trouble = $state.raw<Refusal | null>(null)
  draft = $state.raw<Draft | null>(null)
  /** What was refused last, beside what was tried. */
  refused = $state.raw<{ at: 'live' | 'draft' | 'records'; said: Refusal } | null>(null)
  is_asking = $state(false)

  start(): () => void {
    return repeat(PERIOD_MS, () => this.#look())
  }

  open(session: string, offence: string): Promise<void> {
    return this.#draw('live', '/api/enforcement/drafts', { session, offence })
  }

  take(view: View): Promise<void> {
    return this.#draw('live', `${this.#path()}/stills`, { view })
  }

  mark(corners: Corner[]): Promise<void> {
    return this.#draw('live', `${this.#path()}/standing`, { corners })
  }

  stop(view: View): Promise<void> {
    return this.#draw('live', `${this.#path()}/standing/stop`, { view })
  }

  paint(still: number, part: Part): Promise<void> {
    return this.#draw('draft', `${this.#path()}/stills/${still}/paint`, { parts: [part] })
  }

  picture(still: Still): string {
    return `${this.#path()}/stills/${still.number}?painted=${still.painted.length}`
  }

  /** Whether it is signed. */
  async sign(told: SignAsked): Promise<boolean> {
    const { refused } = await this.#ask<SignedRecord>(`${this.#path()}/sign`, told)
    this.refused = refused === null ? null : { at: 'draft', said: refused }
    if (refused === null) await this.#look()
    return refused === null
  }

  async drop(): Promise<void> {
    this.is_asking = true
    const answer = await fetch(`${this.#path()}/drop`, { method: 'POST' }).catch(() => null)
    this.is_asking = false
    if (answer?.ok !== true) await this.#look()
    else this.draft = null
    this.refused = null
  }

  /** Hands the package to the browser, as a file. */
  async send(record: string): Promise<void> {
    const answer = await fetch(`/api/enforcement/records/${encodeURIComponent(record)}/package`, { method: 'POST' }).catch(() => null)
    if (answer?.ok !== true) {
      if (answer !== null) this.refused = { at: 'records', said: (await answer.json()) as Refusal }
      return
    }
    const link = document.createElement('a')
    link.href = URL.createObjectURL(await answer.blob())
    link.download = `${record}.zip`
    link.click()
    URL.revokeObjectURL(link.href)
    this.refused = null
    await this.#look()
  }

  #path(): string {
    return `/api/enforcement/drafts/${encodeURIComponent(this.draft?.draft ?? '-')}`
  }

  async #draw(at: 'live' | 'draft', path: string, body: object): Promise<void> {
    const { answer, refused } = await this.#ask<Draft>(path, body)
    if (answer !== null) this.draft = answer
    this.refused = refused === null ? null : { at, said: refused }
  }

  async #ask<Answer>(path: string, body: object): Promise<Answered<Answer>> {
    this.is_asking = true
    const answered = await ask<Answer>('POST', path, body)
    this.is_asking = false
    return answered
  }

  async #look(): Promise<void> {
    const { answer, refused } = await ask<EnforcementAnswer>('GET', '/api/enforcement')
    this.trouble = refused
    if (answer === null || this.is_asking) return
    this.told = answer
    this.draft = answer.draft
  }
}
