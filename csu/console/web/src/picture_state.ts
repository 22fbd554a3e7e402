/**
 * What a tile says of its picture. Computed from the picture itself, again and again: a message that was lost cannot
 * make a frozen picture look live. The board's word is used only where there is no fresh picture.
 */

import type { CameraState } from './room.svelte'

export type Shown =
  | 'live'
  | 'late'
  | 'stale'
  | 'joining'
  | 'no_picture'
  | 'starting'
  | 'lost'
  | 'refused'
  | 'unsupported'
  | 'unauthorised'
  | 'storage_only'
  | 'paused'

/** `still_ms`: since a new picture was last drawn; `age_ms`: from capture to now, of the picture drawn. */
export type Reading = { playing: boolean; opened_ms: number; still_ms: number | null; age_ms: number | null }

/** The same limits as on the wall: one room, one meaning of frozen and gone. */
export const STALE_MS = 2_000
export const GONE_MS = 10_000
const JOIN_MS = 5_000
const AHEAD_MS = 1_000

/** `watched` false: recorded, or not even that, and shown to nobody. */
export function shown_state(board: CameraState, watched: boolean, reading: Reading): Shown {
  if (!watched) return board === 'live' ? 'storage_only' : board
  if (!reading.playing) return board === 'live' ? 'paused' : board
  const { still_ms, age_ms } = reading
  const moving = still_ms !== null && still_ms < STALE_MS
  if (moving && (age_ms === null || age_ms < GONE_MS)) {
    return age_ms !== null && age_ms < STALE_MS && age_ms > -AHEAD_MS ? 'live' : 'late'
  }
  if (moving) return 'no_picture' // it moves, but shows what was, not what is
  if (board !== 'live') return board
  if (still_ms === null) return reading.opened_ms < JOIN_MS ? 'joining' : 'no_picture'
  return still_ms < GONE_MS ? 'stale' : 'no_picture'
}

/** A picture that is no longer the present is not shown as if it were (ACC-3). */
export function may_show(shown: Shown): boolean {
  return shown === 'live' || shown === 'late' || shown === 'stale'
}
