/** Every word of guard tours, French first. */

import type { Language } from './words'

const cameras_fr = (count: number): string => (count === 1 ? '1 caméra' : `${count} caméras`)
const cameras_en = (count: number): string => (count === 1 ? '1 camera' : `${count} cameras`)

const fr = {
  title: 'Rondes',
  none_on: 'Aucune ronde en cours.',
  on: (tour: string, person: string, at: number, of: number): string => `${tour} · ${person} · ${at} sur ${of}`,
  at: (camera: string, slot: string): string => `${camera}, tuile ${slot}`,
  break_off: 'Interrompre',
  begin: 'Commencer une ronde…',
  begin_now: (count: number): string => `Commencer : ${cameras_fr(count)}`,
  cancel: 'Annuler',
  name: 'Nom',
  named: 'Ronde',
  where: 'Caméras',
  everywhere: 'toutes',
  dwell: 'Secondes par caméra',
  slot: 'Tuile du mur',
  no_slot: 'Aucune tuile du mur n’est libre pour une ronde.',
  takes: (span: string): string => `environ ${span}`,
  shift: (since: string): string => `Ce service, depuis ${since}`,
  no_report: 'Aucune ronde n’est finie dans ce service.',
  report: (tour: string, person: string, at: string, seen: number, of: number): string =>
    `${at} · ${tour} · ${person} : ${seen} vues sur ${of}`,
  broken_off: 'interrompue',
  not_seen: (count: number): string => `Vues par aucune ronde : ${cameras_fr(count)}`,
  all_seen: 'Toutes les caméras ont été vues par une ronde.',
  stale: 'Les rondes n’arrivent plus : ceci peut être dépassé.',
}

export type TourWords = typeof fr

const en: TourWords = {
  title: 'Guard tours',
  none_on: 'No tour is on.',
  on: (tour, person, at, of) => `${tour} · ${person} · ${at} of ${of}`,
  at: (camera, slot) => `${camera}, tile ${slot}`,
  break_off: 'Break off',
  begin: 'Begin a tour…',
  begin_now: (count) => `Begin: ${cameras_en(count)}`,
  cancel: 'Cancel',
  name: 'Name',
  named: 'Tour',
  where: 'Cameras',
  everywhere: 'all',
  dwell: 'Seconds a camera',
  slot: 'Tile of the wall',
  no_slot: 'No tile of the wall is free for a tour.',
  takes: (span) => `about ${span}`,
  shift: (since) => `This shift, since ${since}`,
  no_report: 'No tour of this shift is over.',
  report: (tour, person, at, seen, of) => `${at} · ${tour} · ${person}: ${seen} seen of ${of}`,
  broken_off: 'broken off',
  not_seen: (count) => `Seen by no tour: ${cameras_en(count)}`,
  all_seen: 'Every camera was seen by a tour.',
  stale: 'Tours no longer arrive: this may be out of date.',
}

export const TOUR_WORDS: Record<Language, TourWords> = { fr, en }
