/** The alarms that are not closed, as the centre tells them, and what a person does about one of them (OPS-3). */

import { repeat } from './polling'
import type { Room } from './room.svelte'
import { NO_ANSWER, quick, type Refusal } from './wall_desk.svelte'

/** Nanoseconds since 1970; JSON's numbers keep them to a quarter of a microsecond. */
type Ns = number

/** `csu.hal.alarms.AlarmKind`. */
export type AlarmKind = 'intrusion' | 'fire' | 'panic_button' | 'tamper' | 'technical' | 'test'

/** `csu.alarms.AlarmState`. */
export type AlarmState = 'raised' | 'acked' | 'doubt_removal' | 'false' | 'technical' | 'confirmed' | 'police_informed' | 'closed'

/** `csu.alarms.Contact`: who is told that an alarm waits. */
export type AlarmContact = 'room' | 'room_chief' | 'csu_manager'

export type Alarm = {
  alarm: string
  panel: string
  sequence: number
  commune: string
  site: string
  kind: AlarmKind
  /** 1 is the most urgent. */
  priority: number
  state: AlarmState
  raised_ms: number
  acked_by: string
}

export type AlarmStep = { to: AlarmState; at_ns: Ns; by: string; service: string; taken_by: string }

export type AlarmOnDesk = Alarm & {
  since_ns: Ns
  due_ns: Ns | null
  told: AlarmContact[]
  steps: AlarmStep[]
  next: AlarmState[]
  /** Null where nobody asked for them. */
  cameras: string[] | null
}

/** A line of the list. */
export type AlarmLine = {
  alarm: AlarmOnDesk
  /** Of the same site, without a line; told on the last line of its site. */
  more: number
}

/** A bounded list, the most urgent first; the rest is counted. */
export type AlarmLines = {
  lines: AlarmLine[]
  total: number
  waiting: number
  /** Those of sites that no line shows. */
  hidden: number
  hidden_waiting: number
}

/** A line of the operations log. */
export type AlarmEntry = {
  number: number
  at_ns: Ns
  kind: string
  by: string
  text: string
  alarm: string
  call: string
  corrects: number | null
}

/** Who took the call of the police. */
export type PoliceCall = { service: string; taken_by: string }

const PERIOD_MS = 2_000
/** Older, the page says so. */
export const TOLD_MS_MAX = 6_000

export class AlarmDesk {
  /** Null: not told yet. */
  told = $state.raw<AlarmLines | null>(null)
  /** How old what is told may be: since it was asked for. Null: never told. */
  age_ms = $state<number | null>(null)
  /** Why the alarms are not told. */
  trouble = $state.raw<Refusal | null>(null)
  refused = $state.raw<{ alarm: string; said: Refusal } | null>(null)
  /** The alarm of which a step is asked for, not answered yet. */
  asking = $state<string | null>(null)

  #told_ms: number | null = null
  #sent = 0
  #taken = 0
  #is_shut = false
  #cameras_of: string | null = null

  start(room: Room): () => void {
    const look = async () => {
      await this.#look()
      return !this.#is_shut
    }
    const stop = repeat(PERIOD_MS, look, (woken) => room.on('alarms', woken))
    const beat = setInterval(() => {
      this.age_ms = this.#told_ms === null ? null : performance.now() - this.#told_ms
    }, 250)
    return () => {
      stop()
      clearInterval(beat)
    }
  }

  /** Asks at once which cameras are proposed for this alarm, and from now on. */
  propose_for(alarm: string | null): void {
    this.#cameras_of = alarm
    if (alarm !== null && !this.#is_shut) void this.#look()
  }

  /** One step on. True: the centre has written it, and what it tells since is here. */
  async step(alarm: Alarm, to: AlarmState, police?: PoliceCall): Promise<boolean> {
    if (this.asking !== null) return false
    this.refused = null
    this.asking = alarm.alarm
    const of_alarm = `/api/alarms/${encodeURIComponent(alarm.panel)}/${alarm.sequence}`
    const sent: RequestInit = { ...quick(), method: 'POST' }
    if (to !== 'acked') {
      sent.headers = { 'Content-Type': 'application/json' }
      sent.body = JSON.stringify({ to, ...police })
    }
    try {
      const response = await fetch(to === 'acked' ? `${of_alarm}/acknowledge` : `${of_alarm}/advance`, sent)
      if (!response.ok) this.refused = { alarm: alarm.alarm, said: (await response.json()) as Refusal }
      this.#taken = ++this.#sent // what was asked for before the step knows nothing of it
      const looking = this.#look()
      if (response.ok) await looking // refused: whoever asked may go on at once
      return response.ok
    } catch {
      this.refused = { alarm: alarm.alarm, said: NO_ANSWER }
      return false
    } finally {
      this.asking = null
    }
  }

  /** What the operations log says of it, in order; null when the centre does not tell. */
  async log_of(alarm: string): Promise<AlarmEntry[] | null> {
    try {
      const response = await fetch(`/api/log/of-alarm?alarm=${encodeURIComponent(alarm)}`, quick())
      return response.ok ? ((await response.json()) as AlarmEntry[]) : null
    } catch {
      return null
    }
  }

  async #look(): Promise<void> {
    const number = ++this.#sent
    const at_ms = performance.now()
    try {
      const asked = this.#cameras_of === null ? '' : `?cameras_of=${encodeURIComponent(this.#cameras_of)}`
      const response = await fetch(`/api/alarms/desk${asked}`, quick())
      if (!response.ok) {
        this.trouble = (await response.json()) as Refusal
        this.#is_shut = response.status === 403 // asked again and again, each refusal would be journaled
        return
      }
      const told = (await response.json()) as AlarmLines
      if (number < this.#taken) return
      this.#taken = number
      this.#told_ms = at_ms
      this.age_ms = performance.now() - at_ms
      this.told = told
      this.trouble = null
    } catch {
      // What was told last stays, and its age says how old it is.
    }
  }
}
