/** Instants of the requisition desk: typed and shown by the clocks of Paris, told with UTC; no hour of October means two. */

import type { Language } from './words'

const MINUTE_MS = 60_000
const PARIS = new Intl.DateTimeFormat('en-CA', {
  timeZone: 'Europe/Paris',
  hourCycle: 'h23',
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
})

/** `2026-12-05T08:30:00`: the clocks of Paris at an instant, as a form field wants them. */
export function paris_field(at_ms: number): string {
  const parts = Object.fromEntries(PARIS.formatToParts(at_ms).map(({ type, value }) => [type, value]))
  const { year, month, day, hour, minute, second } = parts
  return `${year}-${month}-${day}T${hour}:${minute}:${second}`
}

/** The instants at which the clocks of Paris say this: two in the night of October, none in the hour that March leaves out. */
export function instants_of(field: string): number[] {
  const whole = /^\d{4}-\d\d-\d\dT\d\d:\d\d$/.test(field) ? `${field}:00` : field
  const as_utc_ms = Date.parse(`${whole}Z`)
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/.test(whole) || Number.isNaN(as_utc_ms)) return []
  return [2, 1].map((hours) => as_utc_ms - hours * 3_600_000).filter((at_ms) => paris_field(at_ms) === whole)
}

/** `UTC+2`: by how much the clocks of Paris are ahead at that instant. */
export function offset_words(at_ms: number): string {
  const ahead_ms = Date.parse(`${paris_field(at_ms)}Z`) - Math.floor(at_ms / 1000) * 1000
  return `UTC+${Math.round(ahead_ms / 3_600_000)}`
}

/** `2026-11-23T10:00:00.000Z`: what the centre is told. */
export function iso(at_ms: number): string {
  return new Date(at_ms).toISOString()
}

/** `23/11/2026 11:00:00 (UTC+1)`. */
export function paris_words(utc: string): string {
  const at_ms = Date.parse(utc)
  const [day, clock] = paris_field(at_ms).split('T') as [string, string]
  return `${day.split('-').reverse().join('/')} ${clock} (${offset_words(at_ms)})`
}

/** `23/11 11:00`, for a narrow place. */
export function short_words(utc: string): string {
  const [day, clock] = paris_field(Date.parse(utc)).split('T') as [string, string]
  return `${day.slice(8)}/${day.slice(5, 7)} ${clock.slice(0, 5)}`
}

/** `10:00:00 UTC`, with the day where it is another one than in Paris. */
export function utc_words(utc: string): string {
  const is_same_day = paris_field(Date.parse(utc)).slice(0, 10) === utc.slice(0, 10)
  const day = is_same_day ? '' : `${utc.slice(8, 10)}/${utc.slice(5, 7)} `
  return `${day}${utc.slice(11, 19)} UTC`
}

const DAYS = { fr: ['jour', 'jours'], en: ['day', 'days'] } as const

/** `3 jours`, `5 h 20`, `12 min`: how long from one instant to a later one; not below 0. */
export function left_words(from_ms: number, to_ms: number, language: Language): string {
  const minutes = Math.max(0, Math.floor((to_ms - from_ms) / MINUTE_MS))
  if (minutes >= 48 * 60) return `${Math.floor(minutes / 1440)}\u00a0${DAYS[language][1]}`
  if (minutes >= 60) return `${Math.floor(minutes / 60)}\u00a0h\u00a0${String(minutes % 60).padStart(2, '0')}`
  return `${minutes}\u00a0min`
}

/** `1 h 20 min 05 s`: a stretch of footage, to the second. */
export function length_words(span_ms: number): string {
  const whole = Math.round(span_ms / 1000)
  const parts = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60] as const
  const told = [`${parts[0]}\u00a0h`, `${parts[1]}\u00a0min`, `${parts[2]}\u00a0s`].filter((_, index) => parts[index] !== 0)
  return told.length === 0 ? '0\u00a0s' : told.join(' ')
}
