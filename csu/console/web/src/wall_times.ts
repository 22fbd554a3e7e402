/** Times of programmes: a form speaks of the clocks of the room (Paris), the centre of nanoseconds. */

import type { Language } from './words'

const PARIS = new Intl.DateTimeFormat('en-CA', {
  timeZone: 'Europe/Paris',
  hourCycle: 'h23',
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
})

/** `2026-12-05T08:30`: the clocks of Paris at an instant, as a form field wants them. */
export function field_of(at_ms: number): string {
  const parts = Object.fromEntries(PARIS.formatToParts(at_ms).map(({ type, value }) => [type, value]))
  return `${parts['year']}-${parts['month']}-${parts['day']}T${parts['hour']}:${parts['minute']}`
}

/** The instant at which the clocks of Paris say this; the first of two in October; null for what is no time. */
export function instant_of(field: string): number | null {
  const as_utc_ms = Date.parse(`${field}:00Z`)
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d$/.test(field) || Number.isNaN(as_utc_ms)) return null
  for (const hours of [2, 1]) {
    const at_ms = as_utc_ms - hours * 3_600_000
    if (field_of(at_ms) === field) return at_ms
  }
  return null // an hour that March leaves out
}

/** `14:05`, with the day when it is not the day of `now_ms`. */
export function hour_words(at_ms: number, now_ms: number, language: Language): string {
  const is_today = field_of(at_ms).slice(0, 10) === field_of(now_ms).slice(0, 10)
  const day: Intl.DateTimeFormatOptions = is_today ? {} : { weekday: 'short', day: '2-digit', month: '2-digit' }
  return new Intl.DateTimeFormat(language === 'fr' ? 'fr-FR' : 'en-GB', {
    timeZone: 'Europe/Paris',
    hour: '2-digit',
    minute: '2-digit',
    ...day,
  }).format(at_ms)
}

/** `42 s`, `3 min 20 s`, `2 h 05`. */
export function span_words(span_s: number): string {
  const whole = Math.floor(span_s)
  if (whole < 60) return `${whole}\u00a0s`
  if (whole < 3600) return `${Math.floor(whole / 60)}\u00a0min ${String(whole % 60).padStart(2, '0')}`
  return `${Math.floor(whole / 3600)}\u00a0h ${String(Math.floor((whole % 3600) / 60)).padStart(2, '0')}`
}
