/** Cameras with their three lights, the machines and the accounts, as the centre tells them; and a camera set aside. */

import { repeat } from './polling'
import type { CameraState, Lifecycle } from './room.svelte'
import { NO_ANSWER, quick, type Refusal } from './wall_desk.svelte'
import type { Said } from './words'

/** `csu.operations.inventory.Light`. */
export type Light = 'good' | 'bad' | 'unknown' | 'off'
/** `csu.console.inventory.Only`. */
export type Only = 'all' | 'troubled' | 'missing'

export type LightSaid = { light: Light; words: Said }

export type LightCounts = Record<Light, number>

export type Device = {
  camera: string
  number: number
  name: string
  commune: string
  node: string
  state: CameraState
  since_ms: number
  lifecycle: Lifecycle
  lifecycle_words: Said
  mask_version: number
  received: LightSaid
  viewed: LightSaid
  recorded: LightSaid
  clock_offset_ms: number | null
  missing: Said[]
  trouble: number
}

export type Inventory = {
  now_ms: number
  total: number
  troubled: number
  matching: number
  first: number
  received: LightCounts
  viewed: LightCounts
  recorded: LightCounts
  cameras: Device[]
}

export type Machines = {
  now_ms: number
  version: string
  started_ms: number
  nodes: { node: string; is_up: boolean; cameras: number; told_ms: number | null }[]
  volumes: { name: string; size_bytes: number; free_bytes: number; why_not: Said }[]
  hours_left: number | null
  settings: { name: Said; value: Said }[]
  deeds: { at_ms: number; what: Said; detail: string; sha256: string }[]
}

export type Person = {
  account: string
  name: string
  roles: string[]
  role_words: Said[]
  is_open: boolean
  communes: string[]
  papers: { what: Said; ends_on: string }[]
}

export const PAGE_LINES = 60
export const TOLD_MS_MAX = 15_000
const PERIOD_MS = 5_000
const MACHINES_PERIOD_MS = 15_000

export type Wanted = { find: string; only: Only; first: number }

export class InventoryDesk {
  inventory = $state.raw<Inventory | null>(null)
  machines = $state.raw<Machines | null>(null)
  people = $state.raw<Person[] | null>(null)
  /** How old what is told of the cameras is. Null: never told. */
  age_ms = $state<number | null>(null)
  trouble = $state.raw<Refusal | null>(null)
  /** Why a camera was not set aside. */
  refused = $state.raw<{ camera: string; said: Refusal } | null>(null)
  asking = $state(false)

  #told_ms: number | null = null
  #turn = 0

  /** Cameras that match, again and again. Call what it returns to end it. */
  follow(wanted: () => Wanted): () => void {
    const stop = repeat(PERIOD_MS, () => this.look(wanted()))
    const beat = setInterval(() => {
      this.age_ms = this.#told_ms === null ? null : performance.now() - this.#told_ms
    }, 500)
    return () => {
      stop()
      clearInterval(beat)
    }
  }

  follow_machines(): () => void {
    return repeat(MACHINES_PERIOD_MS, async () => {
      const told = await this.#read<Machines>('/api/inventory/machines')
      if (told !== null) this.machines = told
    })
  }

  /** Once: who reads it is journaled. */
  async read_people(): Promise<void> {
    this.people = await this.#read<Person[]>('/api/inventory/people')
  }

  async look(wanted: Wanted): Promise<void> {
    const [turn, at_ms] = [++this.#turn, performance.now()]
    const query = new URLSearchParams({
      find: wanted.find.slice(0, 60),
      only: wanted.only,
      first: String(wanted.first),
      most: String(PAGE_LINES),
    })
    const told = await this.#read<Inventory>(`/api/inventory?${query}`)
    if (told === null || turn !== this.#turn) return
    this.inventory = told
    this.#told_ms = at_ms
    this.age_ms = performance.now() - at_ms
  }

  /** Whether the camera stands there now. */
  async set_lifecycle(camera: string, to: Lifecycle, reason: string): Promise<boolean> {
    this.asking = true
    this.refused = null
    try {
      const answer = await fetch(`/api/cameras/${encodeURIComponent(camera)}/lifecycle`, {
        ...quick(),
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ to, reason }),
      })
      if (answer.ok) return true
      this.refused = { camera, said: (await answer.json()) as Refusal }
    } catch {
      this.refused = { camera, said: NO_ANSWER }
    } finally {
      this.asking = false
    }
    return false
  }

  async #read<Answer>(path: string): Promise<Answer | null> {
    try {
      const answer = await fetch(path, quick())
      if (answer.ok) {
        this.trouble = null
        return (await answer.json()) as Answer
      }
      this.trouble = (await answer.json()) as Refusal
    } catch {
      this.trouble = NO_ANSWER
    }
    return null
  }
}

/** Where a camera may go from where it stands (`csu.governance.lifecycle.ARROWS`), by a person's word alone. */
export const WAYS: Record<Lifecycle, Lifecycle[]> = {
  draft: [],
  not_commissioned: ['retired'],
  active: ['suspended', 'fault', 'not_commissioned'],
  suspended: ['not_commissioned', 'retired'],
  fault: ['not_commissioned', 'retired'],
  retired: [],
}
