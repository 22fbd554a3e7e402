/** What somebody is writing. It outlives the page: who goes to look at an alarm comes back to his words. */

import type { Entry, EntryAsked, EntryKind } from './log_desk.svelte'
import type { Refusal } from './wall_desk.svelte'

/** `csu.operations.operations_log.TEXT_CHARACTERS_MAX`. */
export const TEXT_CHARACTERS_MAX = 2000

export class Draft {
  kind = $state<EntryKind>('observation')
  text = $state('')
  alarm = $state('')
  refused = $state.raw<Refusal | null>(null)
  /** The entry that this one puts right; it begins with its words. */
  readonly corrects: Entry | null = null

  /** As the centre counts them. */
  readonly characters = $derived([...this.text].length)
  readonly is_ready: boolean = $derived(
    this.text.trim() !== '' &&
      this.characters <= TEXT_CHARACTERS_MAX &&
      (this.text !== this.corrects?.text || this.alarm !== this.corrects.alarm),
  )

  constructor(corrects: Entry | null = null) {
    this.corrects = corrects
    if (corrects === null) return
    this.text = corrects.text
    this.alarm = corrects.alarm
  }

  get asked(): EntryAsked {
    const { text, alarm, corrects } = this
    return { kind: corrects === null ? this.kind : 'correction', text, alarm, corrects: corrects?.number ?? null }
  }
}

class Drafts {
  #new = new Draft()
  #corrections = new Map<number, Draft>()
  at = $state.raw<Draft>(this.#new)

  correct(entry: Entry): void {
    const draft = this.#corrections.get(entry.number) ?? new Draft(entry)
    this.#corrections.set(entry.number, draft)
    this.at = draft
  }

  /** Back to the new entry; the correction waits. */
  leave(): void {
    this.at = this.#new
  }

  /** It was written. */
  end(draft: Draft): void {
    if (draft.corrects !== null) this.#corrections.delete(draft.corrects.number)
    else {
      draft.text = ''
      draft.alarm = ''
      draft.kind = 'observation'
    }
    draft.refused = null
    this.leave()
  }
}

export const drafts = new Drafts()
