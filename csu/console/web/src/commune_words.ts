/** Every word of the page of communes, French first. */

import type { CostKey, Figures, ServiceLevel } from './commune_desk.svelte'
import type { Language } from './words'

const levels_fr: Record<ServiceLevel, string> = {
  storage_only: 'stockage seul : personne ne regarde',
  storage_and_watch: 'stockage et direct, 24 h sur 24',
}

const fr = {
  title: 'Commune',
  named: (name: string, what: string): string => `${name} : ${what}`,
  all: 'Toutes les communes',
  commune: 'Commune',
  month: 'Mois',
  again: 'Lire de nouveau',
  reading: 'Lecture…',
  read_ago: (age: string): string => `lu il y a ${age}`,
  failed: 'Ceci ne peut pas être lu.',
  none: 'Vos titres ne nomment aucune commune de ce centre.',
  measured: (days: number, due: number): string => `${days} jour${days > 1 ? 's' : ''} mesuré${days > 1 ? 's' : ''} sur ${due}`,
  measuring: 'la mesure continue, ce qui manque n’est dans aucun chiffre',
  cameras: 'Caméras',
  recorded_hours: 'Heures enregistrées',
  received: 'Image reçue',
  viewed: 'Bonne vue',
  recorded: 'Enregistrée',
  of_expected: (hours: string): string => `sur ${hours} h attendues`,
  nothing_expected: 'rien n’était attendu',
  alarms: 'Alarmes',
  confirmed: 'dont confirmées',
  requisitions: 'Réquisitions',
  acts_in_each: 'Un acte qui vise deux communes compte dans chacune.',
  small: (below: number): string => `< ${below}`,
  small_why: (below: number): string => `Un compte de 1 à ${below - 1}, ou qui le trahirait, n’est pas écrit.`,
  no_alarm: 'aucune alarme',
  total: 'Ensemble du centre',
  cost: 'Part du coût',
  whole_cost: 'Coût partagé',
  cost_of: (year: number): string => `Coût de ${year}`,
  keys: { cameras: 'caméras', inhabitants: 'habitants' } satisfies Record<CostKey, string>,
  weight: (weight: string, of: string, unit: string): string => `${weight} ${unit} sur ${of}`,
  level: 'Service',
  levels: levels_fr,
  no_level: 'aucune convention en cours',
  answers: 'Qui en répond',
  controller: 'Responsable',
  contact: 'Où écrire',
  dpo: 'Délégué à la protection des données',
  not_written: 'pas écrit (communes.yaml)',
  agreements: 'Conventions',
  until: (from: string, to: string): string => `du ${from} au ${to} (non compris)`,
  orders: 'Arrêtés préfectoraux',
  order: 'Arrêté',
  ordered_on: 'Signé le',
  holds: 'Vaut',
  purposes: 'Finalités',
  stops: { suspended: 'suspendu', withdrawn: 'retiré' },
  no_order: 'aucun arrêté',
  retention: 'Conservation',
  days: (days: number): string => `${days} jours`,
  masks: 'Masques',
  version: (version: number): string => (version === 0 ? 'masquée en entier' : `version ${version}`),
  signs: 'Panneaux',
  no_sign: 'aucun',
  own_cameras: 'Caméras de la commune',
  filter: 'Filtrer les caméras ( / )',
  shown_of: (shown: number, all: number): string => (shown < all ? `${shown} sur ${all}` : `${all}`),
  none_found: 'Aucune caméra ne répond.',
  public_page: 'Page publique',
  public_hint: 'telle qu’elle serait publiée maintenant',
  incomplete: 'Il y manque qui en répond, où écrire ou les panneaux (R. 253-3).',
  in_french: 'en français',
  in_english: 'en anglais',
  print: 'Imprimer',
  keys_help: {
    filter: 'filtrer les caméras',
    all: 'revenir à toutes les communes',
    month: 'mois précédent, suivant',
    again: 'lire de nouveau',
  },
}

type Words = typeof fr

const en: Words = {
  title: 'Commune',
  named: (name, what) => `${name}: ${what}`,
  all: 'All communes',
  commune: 'Commune',
  month: 'Month',
  again: 'Read again',
  reading: 'Reading…',
  read_ago: (age) => `read ${age} ago`,
  failed: 'This cannot be read.',
  none: 'Your papers name no commune of this centre.',
  measured: (days, due) => `${days} of ${due} days measured`,
  measuring: 'measuring goes on; what is missing is in no figure',
  cameras: 'Cameras',
  recorded_hours: 'Hours recorded',
  received: 'Image received',
  viewed: 'Right view',
  recorded: 'Recorded',
  of_expected: (hours) => `of ${hours} h expected`,
  nothing_expected: 'nothing was expected',
  alarms: 'Alarms',
  confirmed: 'confirmed',
  requisitions: 'Requisitions',
  acts_in_each: 'An act that names two communes counts in each.',
  small: (below) => `< ${below}`,
  small_why: (below) => `A count from 1 to ${below - 1}, or one that would tell it, is not written.`,
  no_alarm: 'no alarm',
  total: 'The whole centre',
  cost: 'Share of the cost',
  whole_cost: 'Cost that is shared',
  cost_of: (year) => `Cost of ${year}`,
  keys: { cameras: 'cameras', inhabitants: 'inhabitants' },
  weight: (weight, of, unit) => `${weight} ${unit} of ${of}`,
  level: 'Service',
  levels: { storage_only: 'storage only: nobody watches', storage_and_watch: 'storage and live, 24 hours a day' },
  no_level: 'no agreement in force',
  answers: 'Who answers for it',
  controller: 'Controller',
  contact: 'Where to write',
  dpo: 'Data protection officer',
  not_written: 'not written (communes.yaml)',
  agreements: 'Agreements',
  until: (from, to) => `from ${from} to ${to} (not included)`,
  orders: 'Prefects’ orders',
  order: 'Order',
  ordered_on: 'Signed on',
  holds: 'Holds',
  purposes: 'Purposes',
  stops: { suspended: 'suspended', withdrawn: 'withdrawn' },
  no_order: 'no order',
  retention: 'Retention',
  days: (days) => `${days} days`,
  masks: 'Masks',
  version: (version) => (version === 0 ? 'wholly masked' : `version ${version}`),
  signs: 'Signs',
  no_sign: 'none',
  own_cameras: 'The commune’s cameras',
  filter: 'Filter cameras ( / )',
  shown_of: (shown, all) => (shown < all ? `${shown} of ${all}` : `${all}`),
  none_found: 'No camera answers.',
  public_page: 'Public page',
  public_hint: 'as it would be published now',
  incomplete: 'It lacks who answers for it, where to write, or the signs (R. 253-3).',
  in_french: 'in French',
  in_english: 'in English',
  print: 'Print',
  keys_help: {
    filter: 'filter cameras',
    all: 'back to all communes',
    month: 'month before, after',
    again: 'read again',
  },
}

export const COMMUNE_WORDS: Record<Language, Words> = { fr, en }

const LOCALES: Record<Language, string> = { fr: 'fr-FR', en: 'en-GB' }

/** `97,3 %`; whole only when it is whole: 99,99 % is not 100 %. */
export function share_words(share: number | null, language: Language): string {
  if (share === null) return '—'
  const floored = Math.floor(share * 10_000 + 1e-6) / 10_000
  return new Intl.NumberFormat(LOCALES[language], { style: 'percent', maximumFractionDigits: 2 }).format(floored)
}

export function number_words(count: number, language: Language): string {
  return new Intl.NumberFormat(LOCALES[language], { maximumFractionDigits: 0 }).format(count)
}

export function euro_words(cents: number, language: Language): string {
  return new Intl.NumberFormat(LOCALES[language], { style: 'currency', currency: 'EUR' }).format(cents / 100)
}

/** A day as the server writes it, `2026-11-30`. */
export function day_words(day: string | null, language: Language): string {
  if (day === null) return '—'
  const short = language === 'fr' ? '2-digit' : 'short'
  const named = new Intl.DateTimeFormat(LOCALES[language], { day: '2-digit', month: short, year: 'numeric', timeZone: 'UTC' })
  return named.format(new Date(`${day}T00:00:00Z`))
}

/** `novembre 2026`. */
export function month_name(month: string, language: Language): string {
  const named = new Intl.DateTimeFormat(LOCALES[language], { month: 'long', year: 'numeric', timeZone: 'UTC' })
  return named.format(new Date(`${month}-01T00:00:00Z`))
}

/** How many alarms came. A sum with a small part in it is not told: what is known of it is. */
export function alarm_count_words(figures: Figures, below: number, language: Language): string {
  if (figures.alarms !== null) return number_words(figures.alarms, language)
  const known = figures.kinds.reduce((sum, { count }) => sum + (count ?? 0), 0)
  if (known > 0) return `≥\u00a0${number_words(known, language)}`
  return figures.kinds.length === 1 ? COMMUNE_WORDS[language].small(below) : '—'
}

/** Letters without accents and capitals, to look for. */
export function plain(text: string): string {
  return text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase()
}
