/** How many columns make the tiles largest, and where the arrow keys lead. */

/** 75 players is the browser's own limit; 36 software-decoded tiles cost about one core (measured). */
export const TILES_A_PAGE = 36

export type Shape = { columns: number; tile_px: number }

const TILE_WIDTH_MIN_PX = 220
const LABEL_PX = 34
const GAP_PX = 8

/** The grid that shows `tiles` pictures of 16:9, each with its label, as large as `width` by `height` pixels allow. */
export function shape_for(tiles: number, width: number, height: number): Shape {
  let best: Shape = { columns: 1, tile_px: 0 }
  for (let columns = 1; columns <= Math.max(1, tiles); columns += 1) {
    const by_width = (width - GAP_PX * (columns - 1)) / columns
    if (columns > 1 && by_width < TILE_WIDTH_MIN_PX) break
    const rows = Math.ceil(tiles / columns)
    const by_height = (((height - GAP_PX * (rows - 1)) / rows - LABEL_PX) * 16) / 9
    const wide = Math.min(by_width, by_height)
    if (wide > best.tile_px) best = { columns, tile_px: Math.floor(wide) }
  }
  if (best.tile_px >= TILE_WIDTH_MIN_PX) return best
  // Not all fit at a readable size: fill the width and let the page scroll.
  const columns = Math.max(1, Math.floor((width + GAP_PX) / (TILE_WIDTH_MIN_PX + GAP_PX)))
  return { columns, tile_px: Math.floor((width - GAP_PX * (columns - 1)) / columns) }
}

const STEPS: Record<string, (columns: number) => number> = {
  ArrowLeft: () => -1,
  ArrowRight: () => 1,
  ArrowUp: (columns) => -columns,
  ArrowDown: (columns) => columns,
}

/** Index after an arrow key; null when the key is not an arrow. Stays where it is at an edge. */
export function step(key: string, index: number, tiles: number, columns: number): number | null {
  const by = STEPS[key]
  if (by === undefined) return null
  const next = index + by(columns)
  return next < 0 || next >= tiles ? index : next
}
