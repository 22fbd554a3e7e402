/** Shifts, handover notes and visitors as the centre tells them, each five seconds, and what a person asks of them. */

import { TellingDesk } from './telling_desk.svelte'
import { quick } from './wall_desk.svelte'
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
  open_alarms: number
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

export class ServiceDesk extends TellingDesk<Service, Tried> {
  /** Null: not told, or not to be asked by this person. */
  visits = $state.raw<Visit[] | null>(null)
  /** What would be wrong with the plan that was last looked through; null: none was. */
  checked = $state.raw<Fault[] | null>(null)

  constructor() {
    super('/api/service')
  }

  set_roster(asked: RosterAsked): Promise<boolean> {
    this.checked = null
    return this.ask('roster', 'PUT', '/api/service/roster', asked)
  }

  async check(asked: RosterAsked): Promise<void> {
    this.checked = await this.send<Fault[]>('roster', 'POST', '/api/service/roster/check', asked)
  }

  absent(asked: Absence): Promise<boolean> {
    return this.ask('absence', 'POST', '/api/service/absences', asked)
  }

  back(asked: Absence): Promise<boolean> {
    return this.ask('absence', 'POST', '/api/service/absences/end', asked)
  }

  write(text: string): Promise<boolean> {
    return this.ask('note', 'POST', '/api/service/notes', { text })
  }

  sign(number: number): Promise<boolean> {
    return this.ask('note', 'POST', `/api/service/notes/${number}/sign`)
  }

  async enter(asked: VisitAsked): Promise<boolean> {
    return this.#take(await this.send<Visit[]>('visit', 'POST', '/api/visits', asked))
  }

  async left(number: number): Promise<boolean> {
    return this.#take(await this.send<Visit[]>('visit', 'POST', `/api/visits/${number}/left`))
  }

  async look_at_visits(): Promise<void> {
    try {
      const response = await fetch('/api/visits', quick())
      this.visits = response.ok ? ((await response.json()) as Visit[]) : null
    } catch {
      this.visits = null
    }
  }

  #take(visits: Visit[] | null): boolean {
    if (visits !== null) this.visits = visits
    return visits !== null
  }
}
