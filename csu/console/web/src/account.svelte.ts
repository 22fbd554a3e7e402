/** Who is signed in here, and whether he stands at the wall (OPS-1). A session that is over leads to the way in. */

import { repeat } from './polling'
import type { Language, Said } from './words'

export type Me = { account: string; name: string; role: { role: string; words: Said }; to_ns: number; pages: string[]; may: string[] }
export type Watch = { watching: string[]; is_short: boolean; is_mine: boolean }

const PERIOD_MS = 10_000
/** Who touched neither key nor mouse for so long is not said to be seen: the centre misses him 45 s after the last time. */
const HERE_MS = 30_000

export class Account {
  me = $state.raw<Me | null>(null)
  watch = $state.raw<Watch | null>(null)
  /** What was refused, in the server's words. */
  told = $state.raw<Said | null>(null)

  #touched_ms = Number.NEGATIVE_INFINITY

  /** Whether that role has this right at all; whether it is permitted now is the centre's to say. */
  may(action: string): boolean {
    return this.me?.may.includes(action) ?? false
  }

  start(language: () => Language): () => void {
    const touch = () => (this.#touched_ms = performance.now())
    for (const kind of ['keydown', 'pointerdown', 'pointermove']) addEventListener(kind, touch, { passive: true })
    const stop = repeat(PERIOD_MS, () => this.#look(language()))
    return () => {
      stop()
      for (const kind of ['keydown', 'pointerdown', 'pointermove']) removeEventListener(kind, touch)
    }
  }

  take_post(): Promise<boolean> {
    return this.#post('/api/watch/post')
  }

  leave_post(urgent_reason: string, handed_over: boolean): Promise<boolean> {
    return this.#post('/api/watch/leave', { urgent_reason, handed_over })
  }

  async sign_out(language: Language): Promise<void> {
    await fetch('/api/sign-out', { method: 'POST' })
    go_to_the_way_in(language)
  }

  async #look(language: Language): Promise<void> {
    try {
      if (this.watch?.is_mine === true && performance.now() - this.#touched_ms < HERE_MS) {
        await fetch('/api/watch/seen', { method: 'POST' })
      }
      const me = await fetch('/api/me', { cache: 'no-store' })
      if (me.status === 401) return go_to_the_way_in(language)
      if (me.ok) this.me = (await me.json()) as Me
      if (!this.may('post_read')) return // each refusal is journaled
      const watch = await fetch('/api/watch', { cache: 'no-store' })
      this.watch = watch.ok ? ((await watch.json()) as Watch) : null
    } catch {
      return // the page says elsewhere that the link is lost; this is asked again
    }
  }

  async #post(path: string, body?: unknown): Promise<boolean> {
    const headers = { 'Content-Type': 'application/json' }
    const answer = await fetch(path, { method: 'POST', headers, body: body === undefined ? null : JSON.stringify(body) })
    const said = (await answer.json()) as Watch | (Said & { detail?: Said })
    if (answer.ok) {
      this.watch = said as Watch
      this.told = null
    } else {
      const refused = said as Said & { detail?: Said }
      const more = refused.detail
      this.told = more?.fr ? { fr: `${refused.fr} ${more.fr}.`, en: `${refused.en} ${more.en}.` } : refused
    }
    return answer.ok
  }
}

function go_to_the_way_in(language: Language): void {
  location.replace(language === 'en' ? '/sign-in?lang=en' : '/sign-in')
}
