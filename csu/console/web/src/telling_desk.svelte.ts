/** A desk that the centre tells of, each few seconds, and that a person asks things of. */

import { repeat } from './polling'
import type { Room } from './room.svelte'
import { quick, type Refusal } from './wall_desk.svelte'

const PERIOD_MS = 5_000
/** Older, the page says so. */
export const TOLD_MS_MAX = 12_000

const NO_ANSWER: Refusal = {
  fr: 'Le centre n’a pas répondu : relisez avant de recommencer.',
  en: 'The centre did not answer: read again before you try once more.',
  detail: { fr: '', en: '' },
}

export class TellingDesk<Told, Where extends string> {
  told = $state.raw<Told | null>(null)
  /** How old what is told may be: since it was asked for. Null: never told. */
  age_ms = $state<number | null>(null)
  /** Why nothing is told. */
  trouble = $state.raw<Refusal | null>(null)
  /** What was tried and refused, for the words to stand beside it. */
  refused = $state.raw<{ where: Where; said: Refusal } | null>(null)
  is_asking = $state(false)

  #path: string
  #told_ms: number | null = null

  constructor(path: string) {
    this.#path = path
  }

  /** `room`: who says that something of these changed; `also`: what else is asked each time. */
  start(room: Room, topics: string[], also: () => Promise<void> = async () => {}): () => void {
    const ask = async () => {
      await this.#look()
      await also()
    }
    const stop = repeat(PERIOD_MS, ask, (look) => {
      const ends = topics.map((topic) => room.on(topic, look))
      return () => ends.forEach((end) => end())
    })
    const beat = setInterval(() => {
      this.age_ms = this.#told_ms === null ? null : performance.now() - this.#told_ms
    }, 250)
    return () => {
      stop()
      clearInterval(beat)
    }
  }

  /** One that answers with all that the desk tells. False: refused. */
  async ask(where: Where, method: string, path: string, body?: unknown): Promise<boolean> {
    const told = await this.send<Told>(where, method, path, body)
    if (told !== null) this.told = told
    return told !== null
  }

  /** The answer. Null: refused, and `refused` says why. */
  async send<Answer>(where: Where, method: string, path: string, body?: unknown): Promise<Answer | null> {
    this.is_asking = true
    this.refused = null
    try {
      const headers = { 'Content-Type': 'application/json' }
      const said = body === undefined ? {} : { headers, body: JSON.stringify(body) }
      const response = await fetch(path, { ...quick(), method, ...said })
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
      const response = await fetch(this.#path, quick())
      if (response.ok) {
        this.told = (await response.json()) as Told
        this.#told_ms = at_ms
        this.trouble = null
      } else this.trouble = (await response.json()) as Refusal
    } catch {
      // its age says it
    }
  }
}

/** A key of the page: Escape leaves a field, else what is open; letters mean something only where nobody types. */
export function page_key(event: KeyboardEvent, leave: () => void, act_on: (key: string) => boolean): void {
  if (event.defaultPrevented || document.querySelector('dialog[open]') !== null) return
  const typing = [HTMLInputElement, HTMLSelectElement, HTMLTextAreaElement]
  const is_typing = typing.some((kind) => event.target instanceof kind)
  if (event.key === 'Escape') {
    if (is_typing) (event.target as HTMLElement).blur()
    else leave()
    event.preventDefault()
    return
  }
  if (is_typing || event.ctrlKey || event.altKey || event.metaKey) return
  if (act_on(event.key)) event.preventDefault()
}
