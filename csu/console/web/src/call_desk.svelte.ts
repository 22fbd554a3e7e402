/** Calls to the police and the other services as the centre tells them, and what people note of them. */

import { repeat } from './polling'
import type { Room } from './room.svelte'
import { NO_ANSWER, quick, type Refusal } from './wall_desk.svelte'

/** `csu.operations.CallProgress`. */
export type CallProgress = 'queued' | 'calling' | 'by_telephone' | 'taken'

export type Call = {
  call: string
  commune: string
  service: string
  site: string
  words: string
  called_by: string
  called_ns: number
  state: CallProgress
  since_ns: number
  contact: string
  silent: string[]
  taken_by: string
  taken_ns: number | null
}

const PERIOD_MS = 3_000
export const CALLS_TOLD_MS_MAX = 10_000

export class CallDesk {
  /** The newest first; null: not told. */
  calls = $state.raw<Call[] | null>(null)
  age_ms = $state<number | null>(null)
  trouble = $state.raw<Refusal | null>(null)
  refused = $state.raw<{ call: string; said: Refusal } | null>(null)
  is_asking = $state(false)

  #told_ms: number | null = null

  start(room: Room): () => void {
    const stop = repeat(PERIOD_MS, () => this.#look(), (look) => room.on('calls', look))
    const beat = setInterval(() => {
      this.age_ms = this.#told_ms === null ? null : performance.now() - this.#told_ms
    }, 500)
    return () => {
      stop()
      clearInterval(beat)
    }
  }

  telephoned(call: Call, taken_by: string): Promise<boolean> {
    return this.#ask(call, 'telephoned', { taken_by })
  }

  again(call: Call): Promise<boolean> {
    return this.#ask(call, 'again')
  }

  async #ask(call: Call, what: string, body?: unknown): Promise<boolean> {
    this.is_asking = true
    this.refused = null
    const sent: RequestInit = { ...quick(), method: 'POST' }
    if (body !== undefined) {
      sent.headers = { 'Content-Type': 'application/json' }
      sent.body = JSON.stringify(body)
    }
    try {
      // A call has the name of its alarm: panel/number.
      const name = call.call.split('/').map(encodeURIComponent).join('/')
      const response = await fetch(`/api/calls/${name}/${what}`, sent)
      if (!response.ok) this.refused = { call: call.call, said: (await response.json()) as Refusal }
      await this.#look()
      return response.ok
    } catch {
      this.refused = { call: call.call, said: NO_ANSWER }
      return false
    } finally {
      this.is_asking = false
    }
  }

  /** False: this page will never be told, and need not ask. */
  async #look(): Promise<boolean> {
    const at_ms = performance.now()
    try {
      const response = await fetch('/api/calls', quick())
      if (!response.ok) {
        const refused = (await response.json()) as Refusal & { code: string }
        this.trouble = refused
        return response.status !== 403 && refused.code !== 'calls_absent'
      }
      this.calls = (await response.json()) as Call[]
      this.#told_ms = at_ms
      this.age_ms = performance.now() - at_ms
      this.trouble = null
    } catch {
      // What was told last stays, and its age says how old it is.
    }
    return true
  }
}
