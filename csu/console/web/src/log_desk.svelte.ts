/** The operations log as the centre tells it, each three seconds, and what a person writes into it. */

import type { AlarmLines } from './alarm_desk.svelte'
import { repeat } from './polling'
import type { Room } from './room.svelte'
import { quick, type Refusal } from './wall_desk.svelte'

/** `csu.operations.EntryKind`. */
export type EntryKind =
  | 'observation'
  | 'alarm'
  | 'dispatch'
  | 'handover'
  | 'roster'
  | 'ptz'
  | 'fault'
  | 'visit'
  | 'correction'

export type Entry = {
  number: number
  /** Nanoseconds since 1970; JSON's numbers keep them to a quarter of a microsecond. */
  at_ns: number
  kind: EntryKind
  by: string
  text: string
  alarm: string
  call: string
  corrects: number | null
}

export type EntryAsked = { kind: EntryKind; text: string; alarm: string; corrects: number | null }

/** What the log needs of an alarm that is not closed. */
export type LinkedAlarm = { alarm: string; commune: string; site: string; raised_ms: number }

const PERIOD_MS = 3_000
const ALARMS_PERIOD_MS = 30_000
/** Older, the page says so: one turn and one question that was given up. */
export const TOLD_MS_MAX = 8_000
/** Entries on the page while it follows the newest, and while somebody reads. */
const FOLLOWED_MAX = 500
const HELD_MAX = 2_000
const PAGE_USUALLY = 100
const PAGE_MOST = 500

const NO_ANSWER: Refusal = {
  fr: 'Le centre n’a pas répondu : relisez la main courante avant d’écrire encore.',
  en: 'The centre did not answer: read the log again before you write once more.',
  detail: { fr: '', en: '' },
}

const NOT_READ: Refusal = {
  fr: 'Le centre n’a pas répondu : recommencez.',
  en: 'The centre did not answer: try again.',
  detail: { fr: '', en: '' },
}

export class LogDesk {
  /** A stretch of the log without a hole, in order. */
  entries = $state.raw<Entry[]>([])
  /** Corrected entries that lie before that stretch. */
  before = $state.raw<ReadonlyMap<number, Entry>>(new Map())
  is_told = $state(false)
  /** How old what is told may be: since it was asked for. Null: never told. */
  age_ms = $state<number | null>(null)
  /** Why the log is not told. */
  trouble = $state.raw<Refusal | null>(null)
  /** Whether the newest entries take the place of the oldest; else somebody reads, and nothing is taken from under him. */
  follows = $state(true)
  is_paging = $state(false)
  older_refused = $state.raw<Refusal | null>(null)
  is_writing = $state(false)
  /** Not closed, the most urgent first. Null: the centre does not tell. */
  alarms = $state.raw<LinkedAlarm[] | null>(null)
  /** Alarms beside these, which a storm leaves without a line. */
  more_alarms = $state(0)

  #newest = $state(0)
  #seen = $state(0)
  #told_ms: number | null = null
  #asked_for = new Set<number>()

  /** Entries that came since somebody began to read. */
  readonly unseen = $derived(this.follows ? 0 : this.#newest - this.#seen)

  start(room: Room): () => void {
    const stop = repeat(PERIOD_MS, () => this.#look(), (look) => room.on('log', look))
    const beat = setInterval(() => {
      this.age_ms = this.#told_ms === null ? null : performance.now() - this.#told_ms
    }, 250)
    return () => {
      stop()
      clearInterval(beat)
    }
  }

  /** For who may write: of what. Until it is called off. */
  follow_alarms(): () => void {
    return repeat(ALARMS_PERIOD_MS, () => this.look_at_alarms())
  }

  /** Somebody reads: what is there stays there. */
  stay(): void {
    if (!this.follows) return
    this.follows = false
    this.#seen = this.#newest
  }

  /** The end of what is here was seen: the new ones come in again, if it is the end of all and nobody reads. */
  reach_end(is_free: boolean): void {
    if (this.follows || this.entries.at(-1)?.number !== this.#newest) return
    this.follows = is_free
    this.#seen = this.#newest
  }

  /** Back to the newest, and on with them. */
  follow(): Promise<void> {
    this.follows = true
    return this.#look()
  }

  /** The page before; as far back as `number`, if that is near. False: there is none, or it was not told. */
  async older(number?: number): Promise<boolean> {
    const first = this.entries[0]?.number ?? 1
    if (first <= 1 || this.is_paging) return false
    this.stay()
    this.is_paging = true
    this.older_refused = null
    const most = Math.min(PAGE_MOST, Math.max(PAGE_USUALLY, number === undefined ? 0 : first - number))
    const page = await this.#read<Entry[]>(`/api/log?before=${first}&most=${most}`)
    this.is_paging = false
    if (page === null) this.older_refused = this.trouble ?? NOT_READ
    if (page === null || page.at(-1)?.number !== first - 1 || this.entries[0]?.number !== first) return false
    this.#show([...page, ...this.entries].slice(0, HELD_MAX))
    return true
  }

  /** The entry as it stands, or why it was not written. */
  async write(asked: EntryAsked): Promise<{ entry: Entry } | { refused: Refusal }> {
    this.is_writing = true
    try {
      const headers = { 'Content-Type': 'application/json' }
      const response = await fetch('/api/log', { ...quick(), method: 'POST', headers, body: JSON.stringify(asked) })
      if (response.ok) return { entry: (await response.json()) as Entry }
      return { refused: (await response.json()) as Refusal }
    } catch {
      return { refused: NO_ANSWER }
    } finally {
      this.is_writing = false
    }
  }

  async look_at_alarms(): Promise<void> {
    try {
      const response = await fetch('/api/alarms/desk', quick())
      const told = response.ok ? ((await response.json()) as AlarmLines) : null
      this.alarms = told?.lines.map(({ alarm }) => alarm) ?? null
      this.more_alarms = told === null ? 0 : told.total - told.lines.length
    } catch {
      this.alarms = null
    }
  }

  async #look(): Promise<void> {
    const at_ms = performance.now()
    const page = await this.#read<Entry[]>(`/api/log?most=${PAGE_USUALLY}`)
    if (page === null) return
    this.#told_ms = Math.max(this.#told_ms ?? 0, at_ms)
    this.age_ms = performance.now() - this.#told_ms
    this.is_told = true
    this.#take(page)
  }

  #take(page: Entry[]): void {
    const last = this.entries.at(-1)
    const newest = page.at(-1)
    if (newest === undefined) return
    const same = this.entries.find(({ number }) => number === newest.number)
    if (last === undefined || (same !== undefined && same.at_ns !== newest.at_ns)) {
      this.#newest = newest.number // none yet, or the log of another centre
      return this.#show(page)
    }
    this.#newest = Math.max(this.#newest, newest.number)
    const fresh = page.filter(({ number }) => number > last.number)
    if (fresh.length === 0) return
    const joins = fresh[0]?.number === last.number + 1
    if (this.follows) this.#show(joins ? [...this.entries, ...fresh].slice(-FOLLOWED_MAX) : page)
    else if (joins && this.entries.length + fresh.length <= HELD_MAX) this.#show([...this.entries, ...fresh])
  }

  #show(entries: Entry[]): void {
    this.entries = entries
    void this.#look_before(entries)
  }

  /** Nobody reads a correction without what it puts right. */
  async #look_before(entries: Entry[]): Promise<void> {
    const first = entries[0]?.number ?? 0
    for (const { corrects } of entries) {
      if (corrects === null || corrects >= first || this.before.has(corrects) || this.#asked_for.has(corrects)) continue
      this.#asked_for.add(corrects)
      const entry = (await this.#read<Entry[]>(`/api/log/${corrects}`))?.[0]
      this.#asked_for.delete(corrects)
      if (entry !== undefined) this.before = new Map([...this.before, [corrects, entry]])
    }
  }

  /** Null: not told. What was told last stays, and its age says how old it is. */
  async #read<Answer>(path: string): Promise<Answer | null> {
    try {
      const response = await fetch(path, quick())
      if (response.ok) {
        this.trouble = null
        return (await response.json()) as Answer
      }
      this.trouble = (await response.json()) as Refusal
    } catch {
      // its age says it
    }
    return null
  }
}
