/** The pages of the console, in the order of the keys that lead to them. */

export const VIEWS = ['live', 'wall', 'alarms', 'log'] as const
export type View = (typeof VIEWS)[number]

/** The page that the address names; the live one if it names none. */
export function view_of(hash: string): View {
  return VIEWS.find((view) => hash === `#${view}`) ?? 'live'
}
