/** Days of the roster by the clocks of Paris, and what a person types of their shifts. */

import type { RosterAsked, Service, Shift, ShiftAsked } from './service_desk.svelte'
import { field_of, instant_of } from './wall_times'
import type { Language } from './words'

const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000
/** As the doors take the name of a shift, its day before it. */
export const NAME = '[\\p{L}\\p{N}_][\\p{L}\\p{N}_ .\\/\\-]{0,27}'

/** One shift as it is typed: its hours, `08:00`; an end that is not after the beginning is the next day's. */
export type Row = { key: number; name: string; from: string; to: string; people: string[] }

/** `2026-12-05` of an instant. */
export function day_of(at_ms: number): string {
  return field_of(at_ms).slice(0, 10)
}

/** So many days later. */
export function day_after(day: string, days: number): string {
  return new Date(Date.parse(`${day}T12:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10)
}

/** The Monday of its week. */
export function monday_of(day: string): string {
  const weekday = (new Date(`${day}T12:00:00Z`).getUTCDay() + 6) % 7
  return day_after(day, -weekday)
}

export function days_of(monday: string): string[] {
  return [0, 1, 2, 3, 4, 5, 6].map((days) => day_after(monday, days))
}

/** `lun. 30 nov.` */
export function day_words(day: string, language: Language): string {
  const locale = language === 'fr' ? 'fr-FR' : 'en-GB'
  const told: Intl.DateTimeFormatOptions = { timeZone: 'UTC', weekday: 'short', day: 'numeric', month: 'short' }
  return new Intl.DateTimeFormat(locale, told).format(Date.parse(`${day}T12:00:00Z`))
}

/** Midnight of Paris. */
export function midnight_ms(day: string): number {
  return instant_of(`${day}T00:00`) ?? Date.parse(`${day}T00:00:00Z`) - HOUR_MS
}

/** Shifts that begin on that day. */
export function shifts_of(service: Service, day: string): Shift[] {
  return service.shifts.filter(({ from_ns }) => day_of(from_ns / 1e6) === day)
}

/** A shift's name without its day. */
export function name_of(shift: string): string {
  return shift.replace(/^\d{4}-\d\d-\d\d /, '')
}

/** `21:45 – 06:15` */
export function hours_words(from_ns: number, to_ns: number): string {
  return `${field_of(from_ns / 1e6).slice(11)}\u00a0–\u00a0${field_of(to_ns / 1e6).slice(11)}`
}

let made = 0

export function row_of(shift: Shift): Row {
  const [from, to] = [field_of(shift.from_ns / 1e6).slice(11), field_of(shift.to_ns / 1e6).slice(11)]
  return { key: ++made, name: name_of(shift.shift), from, to, people: [...shift.people] }
}

export function new_row(name: string, from: string, to: string): Row {
  return { key: ++made, name, from, to, people: [] }
}

/** The plan of `days` days from `day` on, each with these shifts. Null: an hour is none. */
export function asked_of(service: Service, day: string, days: number, rows: Row[]): RosterAsked | null {
  const shifts: ShiftAsked[] = []
  for (let after = 0; after < days; after++) {
    const at = day_after(day, after)
    for (const { name, from, to, people } of rows) {
      const from_ms = instant_of(`${at}T${from}`)
      const to_ms = instant_of(`${to > from ? at : day_after(at, 1)}T${to}`)
      if (from_ms === null || to_ms === null) return null
      shifts.push({ shift: `${at} ${name.trim()}`, from_ns: from_ms * 1e6, to_ns: to_ms * 1e6, people })
    }
  }
  const [begins_ms, ends_ms] = [midnight_ms(day), midnight_ms(day_after(day, days))]
  return { from_ns: first_ns(service, begins_ms * 1e6, shifts), to_ns: ends_ms * 1e6, shifts }
}

/** The very first plan begins with its first shift: nobody says who was there before. */
function first_ns(service: Service, midnight_ns: number, shifts: ShiftAsked[]): number {
  const is_planned = service.planned_over.some(([from_ns, to_ns]) => from_ns <= midnight_ns && to_ns >= midnight_ns)
  const first = Math.min(...shifts.map(({ from_ns }) => from_ns))
  return is_planned || !Number.isFinite(first) ? midnight_ns : first
}
