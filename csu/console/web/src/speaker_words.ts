/** Every word of the loudspeaker beside an enlarged camera, French first. */

import type { Language } from './words'

const fr = {
  title: 'Haut-parleur : messages approuvés',
  say: 'Diffuser maintenant',
  saying: 'Diffusion en cours…',
  leave: 'Ne pas diffuser',
  said: (message: string): string => `Message « ${message} » diffusé et journalisé.`,
}

const en: typeof fr = {
  title: 'Loudspeaker: approved messages',
  say: 'Say it now',
  saying: 'Being said…',
  leave: 'Do not say it',
  said: (message) => `Message “${message}” said, and journaled.`,
}

export const SPEAKER_WORDS: Record<Language, typeof fr> = { fr, en }
