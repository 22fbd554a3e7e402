/** Planned events as the centre tells them, each five seconds, and what a chief does with them. */

import { TellingDesk } from './telling_desk.svelte'
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

export class EventDesk extends TellingDesk<Events, 'event'> {
  constructor() {
    super('/api/planned-events')
  }

  /** A new one; with a number, another in the place of that. */
  enter(asked: EventAsked, number: number | null): Promise<boolean> {
    if (number === null) return this.ask('event', 'POST', '/api/planned-events', asked)
    return this.ask('event', 'PUT', `/api/planned-events/${number}`, asked)
  }

  call_off(number: number): Promise<boolean> {
    return this.ask('event', 'POST', `/api/planned-events/${number}/call-off`)
  }

  report(number: number, outcome: EventOutcome): Promise<boolean> {
    return this.ask('event', 'POST', `/api/planned-events/${number}/report`, { outcome })
  }

  /** Cameras near it, in the order of the way. Null: refused. */
  proposed(asked: AreaAsked): Promise<string[] | null> {
    return this.send<string[]>('event', 'POST', '/api/planned-events/cameras', asked)
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
