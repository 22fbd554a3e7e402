/** Every word of the page of administration, French first. */

import type { Light, Only } from './inventory_desk.svelte'
import type { Lifecycle } from './room.svelte'
import type { Language } from './words'

const only_fr: Record<Only, string> = { all: 'toutes', troubled: 'en défaut', missing: 'à compléter' }
const lights_fr: Record<Light, string> = { good: 'bien', bad: 'en défaut', unknown: 'sans nouvelle', off: 'à l’arrêt' }
const ways_fr: Record<Lifecycle, string> = {
  draft: '',
  not_commissioned: 'Ramener à la signature',
  active: '',
  suspended: 'Suspendre',
  fault: 'Déclarer en panne',
  retired: 'Retirer pour de bon',
}

const fr = {
  title: 'Administration',
  tabs: { cameras: 'Caméras', machines: 'Machines et réglages', people: 'Comptes' },
  no_pictures: 'Aucune image ici : l’état, pas la vue.',
  find: 'Nom, numéro, commune, nœud ( / )',
  only: only_fr,
  which: 'Lesquelles',
  received: 'Image reçue',
  viewed: 'Bonne vue',
  recorded: 'Enregistrée',
  lights: lights_fr,
  counted: (matching: number, total: number): string => (matching < total ? `${matching} sur ${total} caméras` : `${total} caméras`),
  troubled: (count: number): string => (count === 0 ? 'aucune en défaut' : `${count} en défaut ou à compléter`),
  told_ago: (age: string): string => `reçu il y a ${age}`,
  stale: (age: string): string => `L’état n’arrive plus : ce qui est affiché a ${age}.`,
  failed: 'Ceci ne peut pas être lu.',
  number: 'N°',
  camera: 'Caméra',
  life: 'Vie, masques',
  version: (version: number): string => (version === 0 ? 'masquée en entier' : `masques v. ${version}`),
  clock: 'Horloge',
  missing: 'Reste à faire',
  nothing: 'rien',
  none_found: 'Aucune caméra ne répond.',
  pages: (first: number, last: number, of: number): string => `${first} à ${last} sur ${of}`,
  before: 'Précédentes',
  after: 'Suivantes',
  since: (age: string): string => `depuis ${age}`,
  set_aside: 'Changer sa vie',
  ways: ways_fr,
  reason: 'Motif (gardé au registre des masques)',
  hides: 'Dès cet instant toute son image est masquée ; deux signatures la remettent en service.',
  retires: 'Une caméra retirée ne revient pas.',
  apply: 'Faire',
  asking: 'Un instant…',
  close: 'Fermer',
  done: (camera: string, life: string): string => `${camera} : ${life}`,
  nodes: 'Nœuds média',
  up: 'marche',
  down: 'arrêté',
  serves: (count: number): string => `${count} caméras`,
  accounted: (age: string): string => `compte rendu il y a ${age}`,
  no_account: 'aucun compte rendu encore',
  volumes: 'Volumes',
  free: (free: string, size: string): string => `${free} libres sur ${size}`,
  hours_left: (hours: string): string => `Plus de place dans ${hours} h à ce rythme`,
  no_end: 'La place ne diminue pas, ou le rythme n’est pas encore connu',
  settings: 'Réglages du centre',
  deeds: 'Réglages entrés en vigueur depuis 31 jours (journal)',
  no_deed: 'aucun',
  version_of: (version: string, since: string): string => `csu ${version}, depuis ${since}`,
  account: 'Compte',
  roles: 'Fonctions',
  communes: 'Communes',
  papers: 'Titres',
  until: (day: string): string => `jusqu’au ${day}`,
  suspended: 'suspendu',
  no_people: 'Aucun compte : chacun entre sans s’identifier.',
  people_by_command: 'Les comptes se saisissent à deux, par la commande csu people ; une suspension ne prend qu’une personne.',
  keys: {
    filter: 'filtrer les caméras',
    arrows: 'caméra précédente, suivante',
    enter: 'ouvrir la caméra',
    pages: 'page précédente, suivante',
    tabs: 'caméras, machines, comptes',
    escape: 'fermer ; sortir du champ',
  },
}

type Words = typeof fr

const en: Words = {
  title: 'Administration',
  tabs: { cameras: 'Cameras', machines: 'Machines and settings', people: 'Accounts' },
  no_pictures: 'No picture here: the state, not the view.',
  find: 'Name, number, commune, node ( / )',
  only: { all: 'all', troubled: 'in trouble', missing: 'to be completed' },
  which: 'Which',
  received: 'Image received',
  viewed: 'Right view',
  recorded: 'Recorded',
  lights: { good: 'good', bad: 'in trouble', unknown: 'no news', off: 'off' },
  counted: (matching, total) => (matching < total ? `${matching} of ${total} cameras` : `${total} cameras`),
  troubled: (count) => (count === 0 ? 'none in trouble' : `${count} in trouble or to be completed`),
  told_ago: (age) => `received ${age} ago`,
  stale: (age) => `The state no longer arrives: what is shown is ${age} old.`,
  failed: 'This cannot be read.',
  number: 'No.',
  camera: 'Camera',
  life: 'Life, masks',
  version: (version) => (version === 0 ? 'wholly masked' : `masks v. ${version}`),
  clock: 'Clock',
  missing: 'Left to do',
  nothing: 'nothing',
  none_found: 'No camera answers.',
  pages: (first, last, of) => `${first} to ${last} of ${of}`,
  before: 'Before',
  after: 'After',
  since: (age) => `for ${age}`,
  set_aside: 'Change its life',
  ways: {
    draft: '',
    not_commissioned: 'Bring back to be signed',
    active: '',
    suspended: 'Suspend',
    fault: 'Declare at fault',
    retired: 'Retire for good',
  },
  reason: 'Reason (kept in the register of masks)',
  hides: 'From that instant all of its picture is masked; two signatures bring it back into service.',
  retires: 'A retired camera does not come back.',
  apply: 'Do it',
  asking: 'One moment…',
  close: 'Close',
  done: (camera, life) => `${camera}: ${life}`,
  nodes: 'Media nodes',
  up: 'up',
  down: 'down',
  serves: (count) => `${count} cameras`,
  accounted: (age) => `account ${age} ago`,
  no_account: 'no account yet',
  volumes: 'Volumes',
  free: (free, size) => `${free} free of ${size}`,
  hours_left: (hours) => `No space left in ${hours} h at this pace`,
  no_end: 'Space does not shrink, or the pace is not known yet',
  settings: 'Settings of the centre',
  deeds: 'Settings that took effect in the last 31 days (journal)',
  no_deed: 'none',
  version_of: (version, since) => `csu ${version}, since ${since}`,
  account: 'Account',
  roles: 'Roles',
  communes: 'Communes',
  papers: 'Papers',
  until: (day) => `until ${day}`,
  suspended: 'suspended',
  no_people: 'No account: everybody comes in without saying who he is.',
  people_by_command: 'Accounts are entered by two, with the command csu people; a suspension takes one person.',
  keys: {
    filter: 'filter cameras',
    arrows: 'camera before, after',
    enter: 'open the camera',
    pages: 'page before, after',
    tabs: 'cameras, machines, accounts',
    escape: 'close; leave the field',
  },
}

export const INVENTORY_WORDS: Record<Language, Words> = { fr, en }

/** `+1,2 s`; null: nobody told. */
export function offset_words(offset_ms: number | null, language: Language): string {
  if (offset_ms === null) return '—'
  const seconds = new Intl.NumberFormat(language, { signDisplay: 'exceptZero', maximumFractionDigits: 1 })
  return `${seconds.format(offset_ms / 1000)}\u00a0s`
}

/** `1,2 To`, `640 Go`: as disks are sold. */
export function bytes_words(bytes: number, language: Language): string {
  const units = language === 'fr' ? ['o', 'ko', 'Mo', 'Go', 'To', 'Po'] : ['B', 'kB', 'MB', 'GB', 'TB', 'PB']
  const power = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log10(bytes) / 3))
  const digits = new Intl.NumberFormat(language, { maximumSignificantDigits: 3 })
  return `${digits.format(bytes / 1000 ** power)}\u00a0${units[power]}`
}
