/** Shifts, handover notes and visitors as the centre tells them, each five seconds, and what a person asks of them. */

import { repeat } from './polling'
import { quick, type Refusal } from './wall_desk.svelte'
import type { Said } from './words'

/** Nanoseconds since 1970; JSON's numbers keep them to a quarter of a microsecond. */
type Ns = number

/** `csu.operations.FaultKind`. */
export type FaultKind = 'too_few' | 'no_overlap' | 'twice' | 'not_planned'

/** `csu.operations.VisitPurpose`. */
export type VisitPurpose = 'maintenance' | 'control' | 'judicial' | 'authority' | 'training' | 'cleaning'

export type Agent = { account: string; name: string; is_chief: boolean }

export type Shift = { shift: string; from_ns: Ns; to_ns: Ns; people: string[]; is_on: boolean }

export type Absence = { person: string; from_ns: Ns; to_ns: Ns }

export type Fault = { kind: FaultKind; from_ns: Ns; to_ns: Ns; who: string[]; words: Said }

export type Signature = { person: string; at_ns: Ns }

export type Note = {
  number: number
  shift: string
  by: string
  log_entry: number
  text: string
  open_alarms: string[]
  written_at_ns: Ns
  signatures: Signature[]
  waiting: string[]
  is_acknowledged: boolean
  is_late: boolean
  may_sign: boolean
}

export type Service = {
  at_ns: Ns
  person: string
  agents: Agent[]
  shifts: Shift[]
  absences: Absence[]
  planned_over: [Ns, Ns][]
  set_by: string
  set_at_ns: Ns
  ahead: Fault[]
  watching: string[]
  is_short: boolean
  notes: Note[]
  owed: string
}

export type Visit = {
  number: number
  name: string
  of: string
  purpose: VisitPurpose
  beside: string
  entered_at_ns: Ns
  left_at_ns: Ns | null
  recorded_by: string
}

export type ShiftAsked = { shift: string; from_ns: Ns; to_ns: Ns; people: string[] }

export type RosterAsked = { from_ns: Ns; to_ns: Ns; shifts: ShiftAsked[] }

export type VisitAsked = { name: string; of: string; purpose: VisitPurpose; beside: string }

/** What was tried, for a refusal to stand beside it. */
export type Tried = 'roster' | 'absence' | 'note' | 'visit'

const PERIOD_MS = 5_000
/** Older, the page says so. */
export const TOLD_MS_MAX = 12_000

const NO_ANSWER: Refusal = {
  fr: 'Le centre n’a pas répondu : relisez avant de recommencer.',
  en: 'The centre did not answer: read again before you try once more.',
  detail: { fr: '', en: '' },
}

export class ServiceDesk {
  service = $state.raw<Service | null>(null)
  /** Null: not told, or not to be asked by this person. */
  visits = $state.raw<Visit[] | null>(null)
  /** What would be wrong with the plan that was last looked through; null: none was. */
  checked = $state.raw<Fault[] | null>(null)
  age_ms = $state<number | null>(null)
  /** Why nothing is told. */
  trouble = $state.raw<Refusal | null>(null)
  refused = $state.raw<{ where: Tried; said: Refusal } | null>(null)
  is_asking = $state(false)

  #told_ms: number | null = null

  /** `reads_visits`: whether this person may read the register; who may not does not ask. */
  start(reads_visits: () => boolean): () => void {
    const stop = repeat(PERIOD_MS, async () => {
      await this.#look()
      if (reads_visits()) await this.#look_at_visits()
    })
    const beat = setInterval(() => {
      this.age_ms = this.#told_ms === null ? null : performance.now() - this.#told_ms
    }, 250)
    return () => {
      stop()
      clearInterval(beat)
    }
  }

  set_roster(asked: RosterAsked): Promise<boolean> {
    this.checked = null
    return this.#ask('roster', 'PUT', '/api/service/roster', asked)
  }

  async check(asked: RosterAsked): Promise<boolean> {
    const answer = await this.#send<Fault[]>('roster', 'POST', '/api/service/roster/check', asked)
    this.checked = answer
    return answer !== null
  }

  absent(asked: Absence): Promise<boolean> {
    return this.#ask('absence', 'POST', '/api/service/absences', asked)
  }

  back(asked: Absence): Promise<boolean> {
    return this.#ask('absence', 'POST', '/api/service/absences/end', asked)
  }

  write(text: string): Promise<boolean> {
    return this.#ask('note', 'POST', '/api/service/notes', { text })
  }

  sign(number: number): Promise<boolean> {
    return this.#ask('note', 'POST', `/api/service/notes/${number}/sign`)
  }

  async enter(asked: VisitAsked): Promise<boolean> {
    return this.#take(await this.#send<Visit[]>('visit', 'POST', '/api/visits', asked))
  }

  async left(number: number): Promise<boolean> {
    return this.#take(await this.#send<Visit[]>('visit', 'POST', `/api/visits/${number}/left`))
  }

  async #ask(where: Tried, method: string, path: string, body?: unknown): Promise<boolean> {
    const answer = await this.#send<Service>(where, method, path, body)
    if (answer === null) return false
    this.service = answer
    return true
  }

  #take(visits: Visit[] | null): boolean {
    if (visits !== null) this.visits = visits
    return visits !== null
  }

  async #send<Answer>(where: Tried, method: string, path: string, body?: unknown): Promise<Answer | null> {
    this.is_asking = true
    this.refused = null
    try {
      const headers = { 'Content-Type': 'application/json' }
      const told = body === undefined ? {} : { headers, body: JSON.stringify(body) }
      const response = await fetch(path, { ...quick(), method, ...told })
      if (response.ok) return (await response.json()) as Answer
      this.refused = { where, said: (await response.json()) as Refusal }
    } catch {
      this.refused = { where, said: NO_ANSWER }
    } finally {
      this.is_asking = false
    }
    return null
  }

  async #look(): Promise<void> {
    const at_ms = performance.now()
    try {
      const response = await fetch('/api/service', quick())
      if (response.ok) {
        this.service = (await response.json()) as Service
        this.#told_ms = at_ms
        this.trouble = null
      } else this.trouble = (await response.json()) as Refusal
    } catch {
      // its age says it
    }
  }

  async #look_at_visits(): Promise<void> {
    try {
      const response = await fetch('/api/visits', quick())
      this.visits = response.ok ? ((await response.json()) as Visit[]) : null
    } catch {
      this.visits = null
    }
  }
}
