/** Where cameras stand and look, as the centre tells it. What they do is told elsewhere (`room.svelte.ts`). */

import { repeat } from './polling'
import { quick, type Refusal } from './wall_desk.svelte'

export type CameraOnMap = {
  camera: string
  /** Null where nobody said where it stands. */
  lon_deg: number | null
  lat_deg: number | null
  /** Clockwise from the top of the map; null when it cannot say where it looks. */
  pan_deg: number | null
  across_deg: number | null
  turns: boolean
}

export type SiteOnMap = {
  commune: string
  site: string
  lon_deg: number
  lat_deg: number
}

/** `csu.console.map.TilesForm`. */
export type TilesForm = 'vector' | 'raster'

export type MapAnswer = {
  is_on_earth: boolean
  tiles: TilesForm | null
  /** Tiles come in a moment. */
  is_being_drawn: boolean
  cameras: CameraOnMap[]
  sites: SiteOnMap[]
}

export type Turned = {
  camera: string
  pan_deg: number | null
  across_deg: number | null
}

const PERIOD_MS = 30_000
/** While the centre draws its site. */
const SOON_MS = 2_000
const TURNING_MS = 2_000
/** Older, where a camera looks is no longer drawn. */
export const TOLD_MS_MAX = 8_000

export class MapDesk {
  /** Null: not told yet. */
  told = $state.raw<MapAnswer | null>(null)
  /** Those that turn, as they look now. */
  turned = $state.raw<Map<string, Turned>>(new Map())
  /** How old `turned` is. */
  age_ms = $state(0)
  /** Why the map is not told. */
  trouble = $state.raw<Refusal | null>(null)

  #turned_ms = performance.now()
  #turned = ''
  #due_ms = 0

  start(): () => void {
    const ends = [repeat(SOON_MS, () => this.#look()), repeat(TURNING_MS, () => this.#look_turning())]
    const beat = setInterval(() => (this.age_ms = performance.now() - this.#turned_ms), 500)
    return () => {
      clearInterval(beat)
      for (const end of ends) end()
    }
  }

  /** False: this page will never be told, and need not ask. */
  async #look(): Promise<boolean | void> {
    if (performance.now() < this.#due_ms) return
    try {
      const response = await fetch('/api/map', quick())
      if (response.ok) {
        this.told = (await response.json()) as MapAnswer
        this.trouble = null
        if (this.told.is_being_drawn) return
      } else {
        this.trouble = (await response.json()) as Refusal
        if (response.status < 500) return false
      }
      this.#due_ms = performance.now() + PERIOD_MS
    } catch {
      return // the page says elsewhere that the link is lost; this is asked again
    }
  }

  async #look_turning(): Promise<void> {
    if (this.told === null || !this.told.cameras.some(({ turns }) => turns)) {
      this.#turned_ms = performance.now()
      return
    }
    const at_ms = performance.now()
    try {
      const response = await fetch('/api/map/turning', quick())
      if (!response.ok) return
      const text = await response.text()
      if (text !== this.#turned) {
        this.#turned = text // where nothing turned, nothing is drawn anew
        this.turned = new Map((JSON.parse(text) as Turned[]).map((each) => [each.camera, each]))
      }
      this.#turned_ms = at_ms
    } catch {
      return // its age tells
    }
  }
}
