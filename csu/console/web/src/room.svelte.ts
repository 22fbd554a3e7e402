/** The room as the server tells it: cameras, health, and the server's clock. */

import type { Said } from './words'

export type CameraState = 'starting' | 'live' | 'lost' | 'refused' | 'unsupported' | 'unauthorised'

/** `hal.camera.CameraLifecycle`: anything but active shows a wholly masked picture. */
export type Lifecycle = 'draft' | 'not_commissioned' | 'active' | 'suspended' | 'fault' | 'retired'

export type Camera = {
  camera: string
  number: number
  name: string
  commune: string
  state: CameraState
  since_ms: number
  detail: Said
  audio_offered: boolean
  lifecycle: Lifecycle
  /** The version of its masks in force; 0: none, wholly masked. */
  mask_version: number
  watched: boolean
}

export type Health = {
  ok: boolean
  trouble: Said
  version: string
  now_ms: number
  started_ms: number
  nodes_up: number
  nodes_expected: number
  manifest_age_ms: number | null
  cameras_expected: number
  cameras: Record<CameraState, number>
  lifecycle: Record<Lifecycle, number>
}

const SILENT_MS = 6_000
const RETRY_MS = 3_000
const OFFSETS_KEPT = 15

export class Room {
  cameras = $state.raw<Camera[]>([])
  health = $state.raw<Health | null>(null)
  link_up = $state(false)
  /** Server time, a few times a second: everything that ages is derived from it. */
  now_ms = $state(Date.now())
  /** The last change, for a screen reader. */
  news = $state.raw<Camera | null>(null)

  #source: EventSource | null = null
  #heard_ms = 0
  #offsets: number[] = []
  #offset_ms = 0

  /** Of a person who may not know of any camera: the time passes all the same. */
  keep_time(): () => void {
    const beat = setInterval(() => (this.now_ms = this.server_now_ms()), 250)
    return () => clearInterval(beat)
  }

  start(): () => void {
    this.#open()
    const beat = setInterval(() => this.#beat(), 250)
    return () => {
      clearInterval(beat)
      this.#source?.close()
    }
  }

  server_now_ms(): number {
    return Date.now() + this.#offset_ms
  }

  #open(): void {
    this.#source?.close()
    this.#heard_ms = performance.now()
    const source = new EventSource('/api/events')
    source.addEventListener('state', (event) => {
      const { health, cameras } = JSON.parse(event.data) as { health: Health; cameras: Camera[] }
      this.cameras = cameras
      this.#hear(health)
    })
    source.addEventListener('cameras', (event) => {
      const changed = new Map((JSON.parse(event.data) as Camera[]).map((camera) => [camera.camera, camera]))
      this.cameras = this.cameras.map((camera) => changed.get(camera.camera) ?? camera)
      this.news = [...changed.values()].at(-1) ?? null
    })
    source.addEventListener('health', (event) => this.#hear(JSON.parse(event.data) as Health))
    this.#source = source
  }

  #hear(health: Health): void {
    this.health = health
    this.link_up = true
    this.#heard_ms = performance.now()
    // The largest offset is that of the message that travelled fastest.
    this.#offsets = [...this.#offsets, health.now_ms - Date.now()].slice(-OFFSETS_KEPT)
    this.#offset_ms = Math.max(...this.#offsets)
  }

  #beat(): void {
    this.now_ms = this.server_now_ms()
    const silent_ms = performance.now() - this.#heard_ms
    if (silent_ms > SILENT_MS) this.link_up = false
    if (silent_ms > SILENT_MS + RETRY_MS) this.#open()
  }
}
