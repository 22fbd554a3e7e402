/** The lines of the log's page: which entries answer to a filter, what corrects what, what one sheet of paper holds. */

import type { Entry, EntryKind } from './log_desk.svelte'
import { plain } from './wall_places'
import { field_of } from './wall_times'

export type Line = {
  entry: Entry
  /** What it puts right; null: nothing, or it is not known yet. */
  corrected: Entry | null
  /** The numbers of those that put it right, in order. */
  corrected_by: number[]
}

/** `before`: entries that lie before these and are corrected by them. */
export function lines_of(entries: Entry[], before: ReadonlyMap<number, Entry>): Line[] {
  const lines = new Map<number, Line>(entries.map((entry) => [entry.number, { entry, corrected: null, corrected_by: [] }]))
  for (const line of lines.values()) {
    const { corrects, number } = line.entry
    if (corrects === null) continue
    const wrong = lines.get(corrects)
    line.corrected = wrong?.entry ?? before.get(corrects) ?? null
    wrong?.corrected_by.push(number)
  }
  return [...lines.values()]
}

/** Lines of a kind (empty: any) of which every word that was typed is in number, name, text, alarm or call. */
export function found_in(lines: Line[], kind: EntryKind | '', filter: string): Line[] {
  const typed = plain(filter).split(/\s+/).filter((word) => word !== '')
  return lines.filter(({ entry }) => {
    if (kind !== '' && entry.kind !== kind) return false
    if (typed.length === 0) return true
    const said = plain(`${entry.number} ${entry.by} ${entry.text} ${entry.alarm} ${entry.call}`)
    return typed.every((word) => said.includes(word))
  })
}

/** The day of Paris: the same for two instants of one day. */
export function day_of({ at_ns }: Entry): string {
  return field_of(at_ns / 1e6).slice(0, 10)
}

/** A sheet of A4 as log.css prints it, in the widest of its fonts: millimetres, and signs on one line, capitals even. */
const SHEET_MM = 240
const LINE_MM = 4.3
const BETWEEN_MM = 2
const TEXT_SIGNS = 38
const NAME_SIGNS = 11

/** The number of the first of the last lines that one sheet holds. */
export function sheet_from(lines: Line[]): number {
  let room_mm = SHEET_MM
  let from = lines.at(-1)?.entry.number ?? 0
  for (const line of [...lines].reverse()) {
    const { by, text, alarm, call, corrects, number } = line.entry
    let high = rows(text, TEXT_SIGNS)
    if (corrects !== null) high += rows(`corrige n° ${number} (${by}, 00:00:00) : ${line.corrected?.text ?? ''}`, TEXT_SIGNS)
    if (alarm !== '' || call !== '') high += rows(`alarme ${alarm} appel ${call}`, TEXT_SIGNS)
    if (line.corrected_by.length > 0) high += rows(`corrigée par n° ${line.corrected_by.join(', n° ')}`, TEXT_SIGNS)
    room_mm -= LINE_MM * Math.max(high, rows(by, NAME_SIGNS)) + BETWEEN_MM
    if (room_mm < 0) break
    from = number
  }
  return from
}

function rows(text: string, signs: number): number {
  return text.split('\n').reduce((sum, part) => sum + Math.max(1, Math.ceil(part.length / signs)), 0)
}
