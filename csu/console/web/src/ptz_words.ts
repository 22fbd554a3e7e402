/** Every word of turning a camera, French first. */

import type { PtzRank } from './ptz_desk.svelte'
import type { Language } from './words'

const ranks_fr: Record<PtzRank, string> = {
  tour: 'ronde',
  operator: 'opérateur',
  chief: 'chef de salle',
  alarm: 'levée de doute',
}

const fr = {
  title: 'Tourner la caméra',
  ranks: ranks_fr,
  free: 'Personne ne la tient',
  mine: (rank: string): string => `Vous la tenez (${rank})`,
  held: (who: string, rank: string): string => `${who} la tient (${rank})`,
  since: (time: string): string => `depuis ${time}`,
  taken: (who: string, rank: string): string => `${who} (${rank}) vous a pris la caméra.`,
  idle: 'Vous ne la tenez plus : sans usage pendant une minute, elle est libre.',
  short: 'Elle ne se tourne pas : moins de deux agents en poste. Seuls une alarme ou le chef de salle la tournent.',
  stale: (age: string): string => `Qui la tient n’est plus connu : dernières nouvelles il y a ${age}.`,
  pad: 'Appuyer et glisser depuis le centre pour tourner ; plus loin, plus vite',
  closer: 'Zoom avant',
  wider: 'Zoom arrière',
  give_back: 'Rendre',
  presets: 'Positions',
  preset: (number: number, name: string): string => `Aller à la position ${number}, ${name}`,
  no_preset: 'aucune position enregistrée',
  store: 'Enregistrer ici…',
  store_number: 'Numéro',
  store_name: 'Nom du lieu',
  store_now: 'Enregistrer',
  store_over: (name: string): string => `remplace « ${name} »`,
  forget: 'Effacer',
  cancel: 'Annuler',
  point: 'Cliquez dans l’image : ce point vient au milieu. Maj + clic : et deux fois plus près.',
  sent: 'Ordre envoyé…',
  how: 'Tenez la touche, la souris ou le manche : lâcher, c’est arrêter.',
  or_stick: 'ou une manette',
  keys: {
    turn: 'tourner la caméra agrandie, tant que tenu',
    zoom: 'zoom, tant que tenu',
    give_back: 'rendre la caméra',
    preset: 'aller à une position enregistrée',
    point: 'centrer la caméra sur ce point ; Maj : et s’approcher',
  },
  key_names: { turn: 'Maj ← ↑ ↓ →', point: 'clic' },
}

export type PtzWords = typeof fr

const en: PtzWords = {
  title: 'Turn the camera',
  ranks: { tour: 'tour', operator: 'operator', chief: 'room chief', alarm: 'doubt removal' },
  free: 'Nobody has it',
  mine: (rank) => `You have it (${rank})`,
  held: (who, rank) => `${who} has it (${rank})`,
  since: (time) => `since ${time}`,
  taken: (who, rank) => `${who} (${rank}) took the camera from you.`,
  idle: 'You no longer have it: not used for a minute, it is free.',
  short: 'It cannot be turned: fewer than two agents on watch. Only an alarm or the room chief turns it.',
  stale: (age) => `Who has it is no longer known: last told ${age} ago.`,
  pad: 'Press and drag from the middle to turn; further is faster',
  closer: 'Zoom in',
  wider: 'Zoom out',
  give_back: 'Give back',
  presets: 'Presets',
  preset: (number, name) => `Go to preset ${number}, ${name}`,
  no_preset: 'no preset stored',
  store: 'Store here…',
  store_number: 'Number',
  store_name: 'Name of the place',
  store_now: 'Store',
  store_over: (name) => `replaces “${name}”`,
  forget: 'Forget',
  cancel: 'Cancel',
  point: 'Click in the picture: that point comes into the middle. Shift + click: and twice as close.',
  sent: 'Order sent…',
  how: 'Hold the key, the mouse or the stick: to let go is to stop.',
  or_stick: 'or a gamepad',
  keys: {
    turn: 'turn the enlarged camera, while held',
    zoom: 'zoom, while held',
    give_back: 'give the camera back',
    preset: 'go to a stored preset',
    point: 'centre the camera on that point; Shift: and closer',
  },
  key_names: { turn: 'Shift ← ↑ ↓ →', point: 'click' },
}

export const PTZ_WORDS: Record<Language, PtzWords> = { fr, en }
