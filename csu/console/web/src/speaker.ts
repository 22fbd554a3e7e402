/** Loudspeakers: which cameras may speak, what is approved, and saying one of these (AUD-4). Nothing listens. */

import { quick, type Refusal } from './wall_desk.svelte'

export type Message = { message: string; text: string; sha256: string }

/** A message is answered when it was said to its end. */
const SAID_WITHIN_MS = 90_000
const KEPT_MS = 60_000

const NOT_SAID: Refusal = {
  fr: 'Le centre n’a pas répondu : rien ne dit que le message a été diffusé.',
  en: 'The centre did not answer: nothing says that the message was said.',
  detail: { fr: '', en: '' },
}

let kept: { at_ms: number; cameras: Promise<string[]> } | null = null

/** The cameras that a decision in force lets speak; asked for once a minute, whoever asks. */
export function speakers(): Promise<string[]> {
  if (kept === null || performance.now() - kept.at_ms > KEPT_MS) {
    kept = { at_ms: performance.now(), cameras: read<string[]>('/api/speakers').then((found) => found ?? []) }
  }
  return kept.cameras
}

export async function messages(): Promise<Message[]> {
  return (await read<Message[]>('/api/messages')) ?? []
}

/** Null: it was said; else why not. */
export async function say(camera: string, message: string): Promise<Refusal | null> {
  const path = `/api/cameras/${encodeURIComponent(camera)}/messages/${encodeURIComponent(message)}`
  try {
    const response = await fetch(path, { method: 'POST', signal: AbortSignal.timeout(SAID_WITHIN_MS) })
    return response.ok ? null : ((await response.json()) as Refusal)
  } catch {
    return NOT_SAID
  }
}

async function read<Answer>(path: string): Promise<Answer | null> {
  try {
    const response = await fetch(path, quick())
    return response.ok ? ((await response.json()) as Answer) : null
  } catch {
    return null
  }
}
