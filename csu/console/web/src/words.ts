/** Every word of the page, French first. `en` has the type of `fr`: a word missing in one of them does not build. */

const fr = {
  who: {
    title: 'Vous, et qui est en poste',
    at_post: 'en poste',
    watching: 'En poste au mur',
    nobody: 'personne',
    short: 'Moins de deux agents : le mur passe à la scène convenue.',
    take: 'Prendre mon poste',
    leave: 'Quitter mon poste (relevé)',
    leave_urgently: 'Quitter, chef appelé',
    reason: 'Motif urgent, si personne ne vous relève',
    sign_out: 'Fermer ma session',
  },
  title: 'Supervision',
  live_only: 'Direct uniquement · images masquées · aucun son',
  no_page: 'Aucune page pour cette fonction.',
  view_live: 'Direct',
  view_wall: 'Mur d’images',
  nodes: 'Nœuds',
  centre_ok: 'Centre en service',
  centre_trouble: 'Centre dégradé',
  link_lost: 'Liaison avec le centre perdue — les états affichés ne sont plus à jour',
  waiting: 'Connexion au centre…',
  no_camera: 'Aucune caméra n’est déclarée.',
  theme: 'Thème',
  theme_auto: 'automatique',
  theme_dark: 'sombre',
  theme_light: 'clair',
  other_language: 'English',
  help: 'Aide clavier',
  close: 'Fermer',
  page: 'Page',
  page_before: 'Page précédente',
  page_after: 'Page suivante',
  camera: 'Caméra',
  age: 'Âge de l’image',
  since: 'depuis',
  audio_refused: 'Son refusé',
  audio_refused_long: 'Cette caméra propose du son : il est refusé. Le microphone doit être coupé sur place.',
  wholly_masked: 'image entièrement masquée',
  masked_as: (place: string): string => `${place} : image entièrement masquée`,
  mask_version: (version: number): string => (version === 0 ? 'aucun masque en vigueur' : `masques : version ${version}`),
  show_next: 'Montrer la caméra suivante',
  back_to_grid: 'Retour à la mosaïque',
  wall_failed: 'Le mur ne peut pas être montré.',
  wall_alt: 'Le mur d’images tel qu’il est affiché en ce moment',
  wall_joining: 'Connexion au mur…',
  wall_frozen: 'Mur figé',
  wall_no_picture: (since: string): string => `aucune image depuis ${since}`,
  unsupported_browser: 'Ce navigateur ne lit pas H.264 en direct (MSE).',
  keys: {
    arrows: 'passer d’une image à l’autre',
    enter: 'agrandir l’image',
    escape: 'revenir à la mosaïque',
    pages: 'page précédente, page suivante',
    theme: 'changer de thème',
    language: 'français / anglais',
    help: 'cette aide',
  },
  key_names: { arrows: '← ↑ ↓ →', enter: 'Entrée', escape: 'Échap', pages: 'Page ↑ ↓' },
  shown: {
    live: 'En direct',
    late: 'En retard',
    stale: 'Figée',
    joining: 'Connexion',
    no_picture: 'Sans image',
    starting: 'Démarrage',
    lost: 'Perdue',
    refused: 'Refusée',
    unsupported: 'Non prise en charge',
    unauthorised: 'Sans autorisation',
    storage_only: 'Stockage seul',
    paused: 'En pause',
  },
  lifecycle: {
    draft: 'Projet, pas en service',
    not_commissioned: 'À mettre en service',
    active: 'En service',
    suspended: 'Suspendue',
    fault: 'En panne',
    retired: 'Retirée',
  },
  /** What a whole mask waits for; empty: nothing that this room decides. */
  lifecycle_due: {
    draft: 'Masques à proposer, puis à signer',
    not_commissioned: 'Masques à signer',
    active: '',
    suspended: '',
    fault: '',
    retired: '',
  },
  /** After a number of cameras. */
  counted_lifecycle: {
    draft: (_: number): string => 'en projet',
    not_commissioned: (_: number): string => 'à mettre en service',
    active: (_: number): string => 'en service',
    suspended: (count: number): string => (count < 2 ? 'suspendue' : 'suspendues'),
    fault: (_: number): string => 'en panne',
    retired: (count: number): string => (count < 2 ? 'retirée' : 'retirées'),
  },
  /** After a number of cameras. */
  counted: {
    live: (_: number): string => 'en direct',
    starting: (_: number): string => 'au démarrage',
    lost: (count: number): string => (count < 2 ? 'perdue' : 'perdues'),
    refused: (count: number): string => (count < 2 ? 'refusée' : 'refusées'),
    unsupported: (count: number): string => (count < 2 ? 'non prise en charge' : 'non prises en charge'),
    unauthorised: () => 'sans autorisation',
  },
}

export type Words = typeof fr
export type Language = 'fr' | 'en'
/** A text of the centre, in both languages: the page shows its own. */
export type Said = Record<Language, string>

const en: Words = {
  who: {
    title: 'You, and who is on watch',
    at_post: 'on watch',
    watching: 'On watch at the wall',
    nobody: 'nobody',
    short: 'Fewer than two agents: the wall takes its agreed scene.',
    take: 'Take my post',
    leave: 'Leave my post (relieved)',
    leave_urgently: 'Leave, the chief is called',
    reason: 'Urgent reason, if nobody relieves you',
    sign_out: 'End my session',
  },
  title: 'Supervision',
  live_only: 'Live only · masked pictures · no sound',
  no_page: 'No page for this role.',
  view_live: 'Live',
  view_wall: 'Video wall',
  nodes: 'Nodes',
  centre_ok: 'Centre in service',
  centre_trouble: 'Centre degraded',
  link_lost: 'Link with the centre lost — the states shown are out of date',
  waiting: 'Connecting to the centre…',
  no_camera: 'No camera is declared.',
  theme: 'Theme',
  theme_auto: 'automatic',
  theme_dark: 'dark',
  theme_light: 'light',
  other_language: 'Français',
  help: 'Keyboard help',
  close: 'Close',
  page: 'Page',
  page_before: 'Previous page',
  page_after: 'Next page',
  camera: 'Camera',
  age: 'Age of the picture',
  since: 'since',
  audio_refused: 'Sound refused',
  audio_refused_long: 'This camera offers sound: it is refused. The microphone must be switched off on site.',
  wholly_masked: 'picture wholly masked',
  masked_as: (place) => `${place}: picture wholly masked`,
  mask_version: (version) => (version === 0 ? 'no masks in force' : `masks: version ${version}`),
  show_next: 'Show the next camera',
  back_to_grid: 'Back to all pictures',
  wall_failed: 'The wall cannot be shown.',
  wall_alt: 'The video wall as it is shown right now',
  wall_joining: 'Connecting to the wall…',
  wall_frozen: 'Wall frozen',
  wall_no_picture: (since) => `no picture for ${since}`,
  unsupported_browser: 'This browser does not play live H.264 (MSE).',
  keys: {
    arrows: 'move between pictures',
    enter: 'enlarge the picture',
    escape: 'back to all pictures',
    pages: 'previous page, next page',
    theme: 'change the theme',
    language: 'French / English',
    help: 'this help',
  },
  key_names: { arrows: '← ↑ ↓ →', enter: 'Enter', escape: 'Esc', pages: 'Page ↑ ↓' },
  shown: {
    live: 'Live',
    late: 'Late',
    stale: 'Frozen',
    joining: 'Connecting',
    no_picture: 'No picture',
    starting: 'Starting',
    lost: 'Lost',
    refused: 'Refused',
    unsupported: 'Not supported',
    unauthorised: 'Not authorised',
    storage_only: 'Storage only',
    paused: 'Paused',
  },
  lifecycle: {
    draft: 'Draft, not in service',
    not_commissioned: 'To be commissioned',
    active: 'In service',
    suspended: 'Suspended',
    fault: 'At fault',
    retired: 'Retired',
  },
  lifecycle_due: {
    draft: 'Masks to be proposed, then signed',
    not_commissioned: 'Masks to be signed',
    active: '',
    suspended: '',
    fault: '',
    retired: '',
  },
  counted_lifecycle: {
    draft: () => 'draft',
    not_commissioned: () => 'to be commissioned',
    active: () => 'in service',
    suspended: () => 'suspended',
    fault: () => 'at fault',
    retired: () => 'retired',
  },
  counted: {
    live: () => 'live',
    starting: () => 'starting',
    lost: () => 'lost',
    refused: () => 'refused',
    unsupported: () => 'not supported',
    unauthorised: () => 'not authorised',
  },
}

export const WORDS: Record<Language, Words> = { fr, en }

/** `0,2 s` or `0.2 s`; whole seconds from ten up. */
export function age_words(age_ms: number, language: Language): string {
  const digits = Math.abs(age_ms) < 9_950 ? 1 : 0
  const seconds = new Intl.NumberFormat(language, { minimumFractionDigits: digits, maximumFractionDigits: digits })
  return `${seconds.format(age_ms / 1000)}\u00a0s`
}

const CLOCK: Intl.DateTimeFormatOptions = {
  timeZone: 'Europe/Paris',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
}
/** Made once: making one takes longer than a hundred uses of it. */
const CLOCKS = { fr: new Intl.DateTimeFormat('fr-FR', CLOCK), en: new Intl.DateTimeFormat('en-GB', CLOCK) }

/** Time of day in the room, whatever the workstation is set to. */
export function clock_words(at_ms: number, language: Language): string {
  return CLOCKS[language].format(at_ms)
}

export function date_words(at_ms: number, language: Language): string {
  return new Intl.DateTimeFormat(language === 'fr' ? 'fr-FR' : 'en-GB', {
    timeZone: 'Europe/Paris',
    weekday: 'short',
    day: 'numeric',
    month: 'long',
  }).format(at_ms)
}
