/** What a hand does to keys, pad and stick, as speeds. */

import { is_still, STILL, together, type Velocity } from './ptz_hand'

/** Of what the camera can do: a key knows no half, and at full speed one turns past what one looks for. */
const KEY_SHARE = 0.5
/** So near its middle a pad or a stick means nothing. */
const MIDDLE = 0.15

const ARROWS: Record<string, Velocity> = {
  ArrowLeft: { ...STILL, pan: -KEY_SHARE },
  ArrowRight: { ...STILL, pan: KEY_SHARE },
  ArrowUp: { ...STILL, tilt: KEY_SHARE },
  ArrowDown: { ...STILL, tilt: -KEY_SHARE },
}
export const CLOSER: Velocity = { ...STILL, zoom: KEY_SHARE }
export const WIDER: Velocity = { ...STILL, zoom: -KEY_SHARE }

/** The keys that turn a camera, while they are held. */
export class HeldKeys {
  #held = new Map<string, Velocity>()
  /** Still down, but no longer meant: its repeats must do nothing else on the page. */
  #spent = new Set<string>()

  /** A key goes down, or repeats. True: it is one of these. */
  press(event: KeyboardEvent): boolean {
    if (event.repeat && (this.#held.has(event.code) || this.#spent.has(event.code))) return true
    this.#spent.delete(event.code)
    if (event.ctrlKey || event.altKey || event.metaKey) return false
    const way = way_of(event)
    if (way === undefined) return false
    // One that was down before is not begun by its repeats.
    if (!event.repeat) this.#held.set(event.code, way)
    return true
  }

  /** A key goes up. Without Shift an arrow is held no longer. */
  lift(event: KeyboardEvent): void {
    this.#held.delete(event.code)
    this.#spent.delete(event.code)
    if (event.key !== 'Shift') return
    for (const [code, way] of [...this.#held]) if (way.zoom === 0) this.#spend(code)
  }

  let_go(): void {
    for (const code of [...this.#held.keys()]) this.#spend(code)
  }

  get velocity(): Velocity {
    return together(...this.#held.values())
  }

  #spend(code: string): void {
    this.#held.delete(code)
    this.#spent.add(code)
  }
}

function way_of({ key, shiftKey }: KeyboardEvent): Velocity | undefined {
  if (key === '+') return CLOSER
  if (key === '-') return WIDER
  return shiftKey ? ARROWS[key] : undefined
}

/** A place on a round pad, from its middle in its radii: right and down are positive there. */
export function of_pad(right: number, down: number): Velocity {
  const far = Math.hypot(right, down)
  if (far < MIDDLE) return STILL
  const share = Math.min(1, (far - MIDDLE) / (1 - MIDDLE)) / far
  return { ...STILL, pan: right * share, tilt: -down * share }
}

/** The first stick and the triggers of a gamepad of the standard layout, and of what has at least a stick. */
export class Gamepads {
  /** One that is found pushed moves nothing until it was seen at rest. */
  #was_at_rest = false

  read(): Velocity {
    const pad = navigator.getGamepads().find((each) => each?.connected === true && each.axes.length >= 2)
    if (pad == null) return this.let_go()
    const trigger = (index: number): number => (pad.mapping === 'standard' ? (pad.buttons[index]?.value ?? 0) : 0)
    const zoom = trigger(7) - trigger(6)
    const found = { ...of_pad(pad.axes[0] ?? 0, pad.axes[1] ?? 0), zoom: Math.abs(zoom) < MIDDLE ? 0 : zoom }
    if (is_still(found)) this.#was_at_rest = true
    return this.#was_at_rest ? found : STILL
  }

  let_go(): Velocity {
    this.#was_at_rest = false
    return STILL
  }
}

/** A point of a picture, in shares of it from its top left corner, and where it lies in the box that holds it. */
export type Pointed = { x: number; y: number; left_px: number; top_px: number }

/** What of a video's picture was pressed; null: beside it. The picture keeps its shape in the middle of its box. */
export function pointed_at(event: MouseEvent, video: HTMLVideoElement): Pointed | null {
  const box = video.getBoundingClientRect()
  const scale = Math.min(box.width / video.videoWidth, box.height / video.videoHeight)
  if (!(scale > 0 && Number.isFinite(scale))) return null
  const [left_px, top_px] = [event.clientX - box.left, event.clientY - box.top]
  const x = (left_px - box.width / 2) / (video.videoWidth * scale) + 0.5
  const y = (top_px - box.height / 2) / (video.videoHeight * scale) + 0.5
  return x < 0 || x > 1 || y < 0 || y > 1 ? null : { x, y, left_px, top_px }
}
