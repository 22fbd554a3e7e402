/** What is drawn of a camera on the map, and how far two places are apart. Pure. */

import type { CameraOnMap } from './map_desk.svelte'

/** Longitude and latitude in degrees. */
export type LonLat = [number, number]

const M_PER_DEG = 111_320
/** How long a wedge is drawn: which way a camera looks and how wide, not how far it sees. */
const REACH_M = 45
/** A corner of the arc each so many degrees. */
const ARC_DEG = 6

export function place_of(camera: CameraOnMap): LonLat | null {
  return camera.lon_deg === null || camera.lat_deg === null ? null : [camera.lon_deg, camera.lat_deg]
}

/** Metres east and north of `from`; true to a thousandth over a city. */
export function metres(from: LonLat, to: LonLat): [number, number] {
  const east = (to[0] - from[0]) * M_PER_DEG * Math.cos((from[1] * Math.PI) / 180)
  return [east, (to[1] - from[1]) * M_PER_DEG]
}

/** The ring of what a camera looks towards; null where nobody knows. */
export function wedge_of(at: LonLat, pan_deg: number | null, across_deg: number | null): LonLat[] | null {
  if (pan_deg === null || across_deg === null) return null
  const steps = Math.max(2, Math.ceil(across_deg / ARC_DEG))
  const arc = Array.from({ length: steps + 1 }, (_, step) => {
    const way = ((pan_deg - across_deg / 2 + (across_deg * step) / steps) * Math.PI) / 180
    return moved(at, REACH_M * Math.sin(way), REACH_M * Math.cos(way))
  })
  return [at, ...arc, at]
}

function moved([lon, lat]: LonLat, east_m: number, north_m: number): LonLat {
  return [lon + east_m / (M_PER_DEG * Math.cos((lat * Math.PI) / 180)), lat + north_m / M_PER_DEG]
}

/** The nearest of `cameras` to a place; null: none stands anywhere. */
export function nearest(at: LonLat, cameras: CameraOnMap[]): string | null {
  let [best, best_m]: [string | null, number] = [null, Infinity]
  for (const camera of cameras) {
    const there = place_of(camera)
    if (there === null) continue
    const away_m = Math.hypot(...metres(at, there))
    if (away_m < best_m) [best, best_m] = [camera.camera, away_m]
  }
  return best
}

/** The one of eight winds that a direction is nearest to, 0 for north, 2 for east. */
export function wind_of(pan_deg: number): number {
  return ((Math.round(pan_deg / 45) % 8) + 8) % 8
}
