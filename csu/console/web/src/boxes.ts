/** Just enough of ISO/IEC 14496-12 to know when each fragment plays: the time scale and the base decode time. */

export class BadFragment extends Error {}

type Box = { type: string; start: number; end: number }

function* boxes(view: DataView, start: number, end: number): Generator<Box> {
  while (start + 8 <= end) {
    let size = view.getUint32(start)
    const type = String.fromCharCode(...[4, 5, 6, 7].map((at) => view.getUint8(start + at)))
    let header = 8
    if (size === 1 && start + 16 <= end) {
      size = Number(view.getBigUint64(start + 8))
      header = 16
    } else if (size === 0) size = end - start
    if (size < header || start + size > end) throw new BadFragment(`box ${type} does not fit`)
    yield { type, start: start + header, end: start + size }
    start += size
  }
}

function find(view: DataView, path: string[]): Box {
  let [start, end] = [0, view.byteLength]
  let found: Box | undefined
  for (const name of path) {
    found = undefined
    for (const box of boxes(view, start, end)) {
      if (box.type === name) {
        found = box
        break
      }
    }
    if (found === undefined) throw new BadFragment(`no ${path.join('/')}`)
    start = found.start
    end = found.end
  }
  if (found === undefined) throw new BadFragment('no path')
  return found
}

/** Ticks a second of the first track, from an init segment. */
export function timescale_of(init: DataView): number {
  const mdhd = find(init, ['moov', 'trak', 'mdia', 'mdhd'])
  const timescale = init.getUint32(mdhd.start + (init.getUint8(mdhd.start) === 1 ? 20 : 12))
  if (timescale === 0) throw new BadFragment('time scale 0')
  return timescale
}

/** Seconds at which a fragment begins to play. */
export function start_of(fragment: DataView, timescale: number): number {
  const tfdt = find(fragment, ['moof', 'traf', 'tfdt'])
  const ticks =
    fragment.getUint8(tfdt.start) === 1 ? Number(fragment.getBigUint64(tfdt.start + 4)) : fragment.getUint32(tfdt.start + 4)
  return ticks / timescale
}
