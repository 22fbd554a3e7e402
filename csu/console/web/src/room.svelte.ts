/** The room as the server tells it: cameras, health, of which topics something changed, and the server's clock. */

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

type News = {
  /** What is said when the page comes back: it is told what it missed. */
  at: string
  whole: boolean
  cameras: Camera[]
  topics: string[]
  health: Health | null
}

const SILENT_MS = 6_000
/** A link that was lost is tried again after so long; each time in vain doubles it, for a while. */
const RETRY_MS = 500
const RETRY_MS_MAX = 5_000
const OFFSETS_KEPT = 15

export class Room {
  cameras = $state.raw<Camera[]>([])
  health = $state.raw<Health | null>(null)
  link_up = $state(false)
  /** Server time, a few times a second: everything that ages is derived from it. */
  now_ms = $state(Date.now())
  /** The last change, for a screen reader. */
  news = $state.raw<Camera | null>(null)

  #socket: WebSocket | null = null
  #retry: ReturnType<typeof setTimeout> | undefined
  #in_vain = 0
  #at = ''
  #woken = new Map<string, Set<() => void>>()
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
      clearTimeout(this.#retry)
      this.#leave()
    }
  }

  /** Calls `look` whenever something of that topic changed, or may have while the link was lost. Returns how to end it. */
  on(topic: string, look: () => void): () => void {
    const looks = this.#woken.get(topic) ?? new Set()
    this.#woken.set(topic, looks.add(look))
    return () => looks.delete(look)
  }

  server_now_ms(): number {
    return Date.now() + this.#offset_ms
  }

  #open(): void {
    this.#leave()
    this.#heard_ms = performance.now()
    const scheme = location.protocol === 'https:' ? 'wss' : 'ws'
    const socket = new WebSocket(`${scheme}://${location.host}/ws/events?after=${encodeURIComponent(this.#at)}`)
    socket.onmessage = (event) => this.#take(JSON.parse(event.data as string) as News)
    socket.onclose = () => {
      if (this.#socket !== socket) return
      this.#socket = null
      this.#retry = setTimeout(() => this.#open(), Math.min(RETRY_MS_MAX, RETRY_MS * 2 ** this.#in_vain++))
    }
    this.#socket = socket
  }

  #leave(): void {
    const socket = this.#socket
    this.#socket = null
    socket?.close()
  }

  #take(news: News): void {
    this.#at = news.at
    this.#in_vain = 0
    if (news.whole) this.cameras = news.cameras
    else if (news.cameras.length > 0) {
      const changed = new Map(news.cameras.map((camera) => [camera.camera, camera]))
      this.cameras = this.cameras.map((camera) => changed.get(camera.camera) ?? camera)
      this.news = news.cameras.at(-1) ?? null
    }
    if (news.health !== null) this.#hear(news.health)
    for (const topic of news.topics) for (const look of this.#woken.get(topic) ?? []) look()
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
    if (silent_ms <= SILENT_MS) return
    this.link_up = false
    if (this.#socket !== null) this.#open() // it says nothing any more
  }
}
