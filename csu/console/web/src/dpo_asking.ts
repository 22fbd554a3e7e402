/** One question to a door: what it answers, or what it refuses in its own words. */

import { NO_ANSWER, type Refusal } from './wall_desk.svelte'

/** A search of the journal, or a drawing among a town's buildings, may take a few seconds. */
const TIMEOUT_MS = 20_000

export type Answered<Answer> = { answer: Answer; refused: null } | { answer: null; refused: Refusal }

export async function ask<Answer>(method: 'GET' | 'POST' | 'PUT', path: string, body?: object): Promise<Answered<Answer>> {
  const sent: RequestInit = { method, cache: 'no-store', signal: AbortSignal.timeout(TIMEOUT_MS) }
  if (body !== undefined) {
    sent.headers = { 'Content-Type': 'application/json' }
    sent.body = JSON.stringify(body)
  }
  try {
    const response = await fetch(path, sent)
    const told: unknown = await response.json()
    return response.ok ? { answer: told as Answer, refused: null } : { answer: null, refused: told as Refusal }
  } catch {
    return { answer: null, refused: NO_ANSWER }
  }
}

const STAMP: Intl.DateTimeFormatOptions = { timeZone: 'Europe/Paris', dateStyle: 'short', timeStyle: 'medium' }
const STAMPS = { fr: new Intl.DateTimeFormat('fr-FR', STAMP), en: new Intl.DateTimeFormat('en-GB', STAMP) }
const DAY: Intl.DateTimeFormatOptions = { timeZone: 'Europe/Paris', dateStyle: 'medium' }
const DAYS = { fr: new Intl.DateTimeFormat('fr-FR', DAY), en: new Intl.DateTimeFormat('en-GB', DAY) }

/** Day and time of Paris, to the second. */
export function stamp_words(at_ns: number, language: 'fr' | 'en'): string {
  return STAMPS[language].format(at_ns / 1e6)
}

/** The day in Paris. */
export function day_words(at_ns: number, language: 'fr' | 'en'): string {
  return DAYS[language].format(at_ns / 1e6)
}

/** Of a day as the doors tell it: `2026-11-30`. */
export function date_of(day: string, language: 'fr' | 'en'): string {
  return DAYS[language].format(Date.parse(`${day}T12:00:00Z`))
}

/** Whole days from now to an instant; negative: so many ago. */
export function days_to(at_ns: number, now_ms: number): number {
  return Math.floor((at_ns / 1e6 - now_ms) / 86_400_000)
}
