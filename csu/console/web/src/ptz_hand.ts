/**
 * What a hand on the stick wants, and what is said of it to the centre, and when. Pure: no clock, no network, no page.
 *
 * One order is under way at a time, so a movement never overtakes the stop that follows it. A hand that was refused
 * moves nothing until it has let go once.
 */

/** Each in [-1, 1] of what the camera can do: right, up and closer are positive (`csu.hal.camera.PtzVelocity`). */
export type Velocity = { pan: number; tilt: number; zoom: number }
export type Order = { verb: 'move'; velocity: Velocity } | { verb: 'keep' | 'stop' | 'release' }
/** `unknown`: no answer, or a fault: the camera may do it all the same. */
export type Outcome = 'done' | 'refused' | 'unknown'

export const STILL: Velocity = { pan: 0, tilt: 0, zoom: 0 }
/** Five changes of a movement a second: each is written down. */
export const MOVE_EVERY_MS = 200
/** The centre stops a movement 600 ms after the last word of the hand (decision 0041). */
export const KEEP_EVERY_MS = 300
/** Finer than this a hand does not mean it: a stick trembles. */
const SHARE = 0.05

export class PtzHand {
  #wanted = STILL
  /** What the centre was last told to do; null: by this hand nothing moves. */
  #moves: Velocity | null = null
  #under_way: Order | null = null
  #must_let_go = false
  #gives_back = false
  #moved_ms = Number.NEGATIVE_INFINITY
  #spoke_ms = Number.NEGATIVE_INFINITY

  want(velocity: Velocity): void {
    this.#wanted = { pan: rounded(velocity.pan), tilt: rounded(velocity.tilt), zoom: rounded(velocity.zoom) }
    if (is_still(this.#wanted)) this.#must_let_go = false
  }

  /** Stops, then gives the camera back. */
  give_back(): void {
    this.#gives_back = true
    this.#must_let_go = !is_still(this.#wanted)
  }

  /** The next order and its time; null: nothing is to be said until the hand wants something else or `ended`. */
  due(now_ms: number): { order: Order; at_ms: number } | null {
    if (this.#under_way !== null) return null
    if (this.#must_let_go || is_still(this.#wanted)) {
      if (this.#moves !== null) return { order: { verb: 'stop' }, at_ms: now_ms }
      return this.#gives_back ? { order: { verb: 'release' }, at_ms: now_ms } : null
    }
    if (this.#moves !== null && is_same(this.#moves, this.#wanted)) {
      return { order: { verb: 'keep' }, at_ms: Math.max(now_ms, this.#spoke_ms + KEEP_EVERY_MS) }
    }
    const at_ms = Math.max(now_ms, this.#moved_ms + MOVE_EVERY_MS)
    return { order: { verb: 'move', velocity: this.#wanted }, at_ms }
  }

  /** It is being said now. */
  begun(order: Order, now_ms: number): void {
    this.#under_way = order
    this.#spoke_ms = now_ms
    if (order.verb !== 'move') return
    this.#moved_ms = now_ms
    this.#moves = order.velocity
  }

  /** What became of the order under way. */
  ended(outcome: Outcome): void {
    const verb = this.#under_way?.verb
    this.#under_way = null
    if (verb === 'release') this.#gives_back = false
    // A stop that was not heard is not said again: the centre stops who is silent.
    if (verb === 'stop' || outcome === 'refused') this.#moves = null
    if (outcome !== 'done') this.#must_let_go = !is_still(this.#wanted)
  }
}

/** Several at once: keys, mouse and stick. */
export function together(...velocities: Velocity[]): Velocity {
  const sum = (of: (velocity: Velocity) => number): number =>
    Math.max(-1, Math.min(1, velocities.reduce((all, velocity) => all + of(velocity), 0)))
  return { pan: sum(({ pan }) => pan), tilt: sum(({ tilt }) => tilt), zoom: sum(({ zoom }) => zoom) }
}

export function is_still(velocity: Velocity): boolean {
  return is_same(velocity, STILL)
}

export function is_same(one: Velocity, other: Velocity): boolean {
  return one.pan === other.pan && one.tilt === other.tilt && one.zoom === other.zoom
}

function rounded(share: number): number {
  return Math.round(share / SHARE) / (1 / SHARE) || 0 // -0 is 0
}
