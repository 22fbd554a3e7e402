/** Which alarms the list shows in a storm: a few of each site, a bounded number of all; the rest is counted. */

import type { AlarmOnDesk } from './alarm_desk.svelte'

export const LINES_MAX = 40
export const OF_SITE_MAX = 3

export type AlarmLine = {
  alarm: AlarmOnDesk
  /** Of the same site, behind this line: the last one of its site. */
  more: number
}

export type AlarmLines = {
  lines: AlarmLine[]
  /** Those of sites that no line shows. */
  hidden: number
  hidden_waiting: number
}

/**
 * `alarms`: the most urgent first; the lines keep that order. `is_kept`: shown whatever its place. Every alarm is a
 * line, or counted behind one, or hidden.
 */
export function alarm_lines(alarms: AlarmOnDesk[], is_kept: (alarm: AlarmOnDesk) => boolean): AlarmLines {
  const of_site = new Map<string, number>()
  const last = new Map<string, AlarmLine>()
  const told: AlarmLines = { lines: [], hidden: 0, hidden_waiting: 0 }
  const left: AlarmOnDesk[] = []
  for (const alarm of alarms) {
    const site = site_of(alarm)
    const count = of_site.get(site) ?? 0
    if ((count >= OF_SITE_MAX || told.lines.length >= LINES_MAX) && !is_kept(alarm)) {
      left.push(alarm)
      continue
    }
    const line = { alarm, more: 0 }
    of_site.set(site, count + 1)
    last.set(site, line)
    told.lines.push(line)
  }
  for (const alarm of left) {
    const line = last.get(site_of(alarm))
    if (line !== undefined) line.more += 1
    else {
      told.hidden += 1
      told.hidden_waiting += alarm.state === 'raised' ? 1 : 0
    }
  }
  return told
}

function site_of({ commune, site }: AlarmOnDesk): string {
  return `${commune}\n${site}`
}
