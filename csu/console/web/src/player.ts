/**
 * One live picture: WebSocket -> Media Source -> <video>, always at the live edge. There is no way back in time: what
 * was played is removed from the buffer, and nothing offers to seek.
 */

import { BadFragment, start_of, timescale_of } from './boxes'
import type { Reading } from './picture_state'

const FLAG_INIT = 1
const FLAG_KEY = 2
const HEADER_BYTES = 9

const QUEUE_MAX = 150
const BEHIND_SEEK_S = 1
const BEHIND_HURRY_S = 0.4
const BEHIND_CALM_S = 0.2
const HURRY_RATE = 1.15
const EDGE_S = 0.1
/** A joining viewer is first sent the group of pictures that led to now: it is decoded, and jumped over. */
const JOIN_MS = 1_500
const KEPT_S = 2
const KEPT_AFTER_S = 1
const TIMES_KEPT = 600
const CLOCKS_KEPT = 15

const RETRY_MS = [500, 1_000, 2_000, 4_000, 8_000]
/** Unknown camera, too many viewers: trying at once again does not help. */
const RETRY_REFUSED_MS = 15_000
const REFUSED_CODES = [4404, 4429]

type Piece = { bytes: Uint8Array<ArrayBuffer>; is_key: boolean }

export class LivePlayer {
  codec = ''
  /** Of the agent's live session, where the stream is one. */
  session = ''
  frames_drawn = 0
  pieces_dropped = 0

  #video: HTMLVideoElement
  #url: string
  #socket: WebSocket | null = null
  #media: MediaSource | null = null
  #buffer: SourceBuffer | null = null
  #blob = ''
  #queue: Piece[] = []
  #wait_for_key = false
  #timescale = 0
  #times: { start_s: number; captured_ms: number; is_key: boolean }[] = []
  #drawn: { at_ms: number; captured_ms: number | null } | null = null
  #tries = 0
  #retry: ReturnType<typeof setTimeout> | undefined
  #running = false
  #opened_ms = 0
  #joined_ms = 0
  #clocks: number[] = []
  #callback = 0

  constructor(video: HTMLVideoElement, url: string) {
    this.#video = video
    this.#url = url
  }

  static supported(): boolean {
    return 'MediaSource' in window && MediaSource.isTypeSupported('video/mp4; codecs="avc1.42C01E"')
  }

  start(): void {
    if (this.#running) return
    this.#running = true
    this.#tries = 0
    this.#opened_ms = performance.now()
    this.#connect()
    this.#watch_frames()
  }

  stop(): void {
    if (!this.#running) return
    this.#running = false
    clearTimeout(this.#retry)
    this.#video.cancelVideoFrameCallback(this.#callback)
    this.#leave()
  }

  /** `server_now_ms`: the centre's clock; null: not known, and then nor is the age. */
  reading(server_now_ms: number | null): Reading {
    const now_ms = performance.now()
    const captured_ms = this.#drawn?.captured_ms ?? null
    return {
      playing: this.#running,
      opened_ms: now_ms - this.#opened_ms,
      still_ms: this.#drawn === null ? null : now_ms - this.#drawn.at_ms,
      age_ms: captured_ms === null || server_now_ms === null ? null : server_now_ms - captured_ms,
    }
  }

  /** The centre's clock by the word of this stream; null for one that does not tell it. */
  server_now_ms(): number | null {
    return this.#clocks.length === 0 ? null : performance.now() + Math.max(...this.#clocks)
  }

  #connect(): void {
    const socket = new WebSocket(this.#url)
    socket.binaryType = 'arraybuffer'
    socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => this.#take(data)
    socket.onclose = ({ code }) => {
      if (this.#socket !== socket) return
      this.#leave()
      if (this.#running) this.#try_later(code)
    }
    this.#socket = socket
  }

  #try_later(code: number): void {
    const calm_ms = RETRY_MS[Math.min(this.#tries, RETRY_MS.length - 1)] ?? 0
    const wait_ms = REFUSED_CODES.includes(code) ? RETRY_REFUSED_MS : calm_ms
    this.#tries += 1
    // Jitter: when the centre restarts, 36 tiles of every workstation must not come back in one instant.
    this.#retry = setTimeout(() => this.#connect(), wait_ms * (0.5 + Math.random()))
  }

  #leave(): void {
    const socket = this.#socket
    this.#socket = null
    socket?.close()
    this.#empty()
  }

  #empty(): void {
    // What is no longer on the screen has no age, and is not live.
    if (this.#drawn !== null) this.#opened_ms = performance.now()
    this.#drawn = null
    this.#queue = []
    this.#times = []
    this.#buffer = null
    this.#media = null
    if (this.#blob !== '') {
      URL.revokeObjectURL(this.#blob)
      this.#blob = ''
      this.#video.removeAttribute('src')
      this.#video.load()
    }
  }

  #take(data: string | ArrayBuffer): void {
    if (typeof data === 'string') {
      const told = JSON.parse(data) as { codec: string; now_ms?: number; session?: string }
      this.codec = told.codec
      this.session = told.session ?? ''
      // The furthest ahead is that of the message that travelled fastest.
      if (told.now_ms !== undefined) this.#clocks = [...this.#clocks, told.now_ms - performance.now()].slice(-CLOCKS_KEPT)
      return
    }
    const view = new DataView(data)
    const flags = view.getUint8(0)
    const captured_ms = Number(view.getBigInt64(1) / 1_000n) / 1_000
    const bytes = new Uint8Array(data, HEADER_BYTES)
    const fragment = new DataView(data, HEADER_BYTES)
    try {
      if ((flags & FLAG_INIT) !== 0) {
        this.#open_media(fragment)
        this.#queue.push({ bytes, is_key: true })
      } else {
        const is_key = (flags & FLAG_KEY) !== 0
        this.#times.push({ start_s: start_of(fragment, this.#timescale), captured_ms, is_key })
        if (this.#times.length > TIMES_KEPT) this.#times.shift()
        this.#queue_up({ bytes, is_key })
      }
    } catch (error) {
      if (!(error instanceof BadFragment)) throw error
      this.#socket?.close() // closes, waits, joins again at a key frame
      return
    }
    this.#tries = 0
    this.#feed()
  }

  /** A new init segment is a new stream: begin anew rather than splice two clocks. */
  #open_media(init: DataView): void {
    this.#empty()
    this.#timescale = timescale_of(init)
    const media = new MediaSource()
    media.onsourceopen = () => {
      if (this.#media !== media) return
      this.#buffer = media.addSourceBuffer(`video/mp4; codecs="${this.codec}"`)
      this.#buffer.onupdateend = () => this.#feed()
      this.#feed()
    }
    this.#joined_ms = performance.now()
    this.#media = media
    this.#wait_for_key = false
    this.#blob = URL.createObjectURL(media)
    this.#video.src = this.#blob
  }

  #queue_up(piece: Piece): void {
    if (this.#wait_for_key && !piece.is_key) {
      this.pieces_dropped += 1
      return
    }
    this.#wait_for_key = false
    if (this.#queue.length >= QUEUE_MAX) {
      this.pieces_dropped += this.#queue.length
      this.#queue = []
      this.#wait_for_key = !piece.is_key
      if (this.#wait_for_key) return
    }
    this.#queue.push(piece)
  }

  #feed(): void {
    const buffer = this.#buffer
    if (buffer === null || buffer.updating || this.#media?.readyState !== 'open') return
    this.#stay_at_edge(buffer)
    if (this.#forget_played(buffer)) return
    const piece = this.#queue.shift()
    if (piece === undefined) return
    try {
      buffer.appendBuffer(piece.bytes)
    } catch {
      // Quota, or the decoder gave up (video.error): join again.
      this.pieces_dropped += 1
      this.#socket?.close()
    }
  }

  #stay_at_edge(buffer: SourceBuffer): void {
    const ranges = buffer.buffered
    if (ranges.length === 0) return
    const video = this.#video
    const [start, end] = [ranges.start(ranges.length - 1), ranges.end(ranges.length - 1)]
    const behind = end - video.currentTime
    const seek_s = performance.now() - this.#joined_ms < JOIN_MS ? BEHIND_HURRY_S : BEHIND_SEEK_S
    if (video.currentTime < start || behind > seek_s) video.currentTime = Math.max(start, end - EDGE_S)
    else if (behind > BEHIND_HURRY_S) video.playbackRate = HURRY_RATE
    else if (behind < BEHIND_CALM_S) video.playbackRate = 1
    // Refused only while the tab is in the background: asked again at the next fragment.
    if (video.paused) video.play().catch(() => undefined)
  }

  /** True when a removal began: `updateend` will feed again. */
  #forget_played(buffer: SourceBuffer): boolean {
    const ranges = buffer.buffered
    const played_s = this.#video.currentTime
    if (ranges.length === 0 || played_s - ranges.start(0) < KEPT_S) return false
    // A removal goes on to the next key frame, and may take the picture on screen with it: end it on one that is past.
    const key = this.#times.findLast(({ is_key, start_s }) => is_key && start_s <= played_s - KEPT_AFTER_S)
    if (key === undefined || key.start_s - ranges.start(0) < 0.5) return false
    buffer.remove(0, key.start_s)
    return true
  }

  #watch_frames(): void {
    this.#callback = this.#video.requestVideoFrameCallback((_, { mediaTime }) => {
      if (!this.#running) return
      this.frames_drawn += 1
      const shown = this.#times.findLast(({ start_s }) => start_s <= mediaTime + 0.001)
      this.#drawn = { at_ms: performance.now(), captured_ms: shown?.captured_ms ?? null }
      this.#watch_frames()
    })
  }
}
