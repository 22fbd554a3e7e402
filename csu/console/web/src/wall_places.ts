/** Where the arrow keys lead on a wall whose tiles lie anyhow, and what a camera list finds. */

import type { Camera } from './room.svelte'
import type { WallRect, WallTile } from './wall_desk.svelte'

/** What lies somewhere, under a name. */
type Placed = Pick<WallTile, 'tile' | 'rect'>

/** Rows from the top, each from the left: the order of reading. */
export function in_reading_order<Tile extends Placed>(tiles: Tile[]): Tile[] {
  return [...tiles].sort((a, b) => a.rect[1] - b.rect[1] || a.rect[0] - b.rect[0])
}

const ALONG: Record<string, [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
}
/** How much dearer it is to leave the line than to go along it. */
const ASIDE = 3

/** The tile that a key leads to; null when it is no key of the wall. `tiles` in the order of reading. */
export function led_to(key: string, tiles: Placed[], from: string | null, aspect: number): string | null {
  const at = Math.max(0, tiles.findIndex(({ tile }) => tile === from))
  const here = tiles[at]
  if (here === undefined) return null
  if (key === 'Home') return tiles[0]?.tile ?? null
  if (key === 'End') return tiles.at(-1)?.tile ?? null
  // Each tile can be reached, however it lies.
  if (key === 'PageDown' || key === 'PageUp') return tiles[at + (key === 'PageDown' ? 1 : -1)]?.tile ?? here.tile
  const way = ALONG[key]
  if (way === undefined) return null
  let [best, best_cost] = [here.tile, Infinity]
  const [x, y] = middle(here.rect)
  for (const { tile, rect } of tiles) {
    const [dx, dy] = [(middle(rect)[0] - x) * aspect, middle(rect)[1] - y]
    const ahead = dx * way[0] + dy * way[1]
    const cost = ahead + ASIDE * Math.abs(dx * way[1] + dy * way[0])
    if (tile !== here.tile && ahead > 1e-6 && cost < best_cost) [best, best_cost] = [tile, cost]
  }
  return best
}

function middle([left, top, width, height]: WallRect): [number, number] {
  return [left + width / 2, top + height / 2]
}

/** Cameras of which every word that was typed is in number, name or commune; accents and case aside. */
export function found_by(filter: string, cameras: Camera[]): Camera[] {
  const typed = plain(filter).split(/\s+/).filter((word) => word !== '')
  if (typed.length === 0) return cameras
  return cameras.filter((camera) => {
    const said = plain(`${camera.number} ${camera.name} ${camera.commune}`)
    return typed.every((word) => (/^\d+$/.test(word) ? String(camera.number) === word || said.includes(` ${word}`) : said.includes(word)))
  })
}

/** Accents and case aside. */
export function plain(text: string): string {
  return text.normalize('NFD').replace(/\p{Diacritic}/gu, '').toLowerCase()
}
