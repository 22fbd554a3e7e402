/** The requisition desk as the centre tells it, and what a person asks of it. */

import { repeat } from './polling'
import { NO_ANSWER, quick, type Refusal } from './wall_desk.svelte'
import type { Said } from './words'

/** `csu.evidence.CaseState`. */
export type CaseState = 'received' | 'checked' | 'rejected' | 'locked' | 'prepared' | 'validated' | 'handed_over' | 'closed'

/** `csu.evidence.DueStep`. */
export type DueStep = 'check' | 'lock' | 'prepare' | 'release' | 'offer' | 'seal' | 'receipt' | 'copy_destroyed'

/** `csu.console.case_file.Happened`. */
export type Happened =
  | 'received'
  | 'checked'
  | 'rejected'
  | 'locked'
  | 'prepared'
  | 'returned'
  | 'validated'
  | 'offered'
  | 'sealed'
  | 'handed_over'
  | 'lock_ended'
  | 'destroyed'
  | 'recipient_copy_gone'
  | 'flagged'

/** `csu.console.case_steps.CaseStep`. */
export type CaseStep =
  | 'check'
  | 'reject'
  | 'lock'
  | 'prepare'
  | 'release'
  | 'return'
  | 'offer'
  | 'hand-over'
  | 'seal'
  | 'receipt'
  | 'end-lock'
  | 'copy-destroyed'
  | 'footage'
  | 'package'
  | 'copy'

/** `csu.evidence.LegalBasis`. */
export type LegalBasis = 'CPP_60_1' | 'CPP_77_1_1' | 'CPP_99_3' | 'L252_3_HABILITATED' | 'GDPR_ACCESS'

/** `csu.console.case_answers.HoldState`. */
export type HoldState = 'requested' | 'placed' | 'taken' | 'dead'

export type CaseSpan = { camera: string; from_utc: string; to_utc: string }

export type CaseLine = {
  case: string
  state: CaseState
  state_words: Said
  basis: LegalBasis | null
  number: string
  officer: string
  received_utc: string
  spans: CaseSpan[]
  reasons: Said[]
  prepared_by: string
  validated_by: string
  package_sha256: string
  recipients: string[]
  lock_dies_utc: string
  /** What is due next; its instants are empty where there is no bound. */
  due: { step: DueStep; words: Said; from_utc: string; by_utc: string } | null
  preparing: { since_utc: string; done: number; of: number } | null
}

export type OfficerTold = { name: string; rank: string; unit: string; number: string }

export type Step = { what: Happened; words: Said; at_utc: string; by: string; told: Said }

export type HandOver = {
  officer: string
  support: string
  is_rewritable: boolean
  why_rewritable: string
  copies: number
  receipt: string
  seal: string
}

export type CaseFile = CaseLine & {
  act: {
    officer: OfficerTold
    act_sha256: string
    is_signed: boolean
    authorised_by: string
    habilitation: string
    proportionality: string
    basis_words: Said
  }
  history: Step[]
  packages: { sha256: string; at_utc: string; by: string; recipients: string[] }[]
  offered: HandOver | null
  handed_over: HandOver | null
  seal: string
  receipt: { text: string; sha256: string } | null
  certificate: string
  register_lines: {
    office: string
    recipient: string
    at_utc: string
    support: string
    copies: number
    package_sha256: string
  }[]
  steps: { step: CaseStep; may: boolean; why: Said }[]
}

export type Hold = {
  hold: string
  state: HoldState
  span: CaseSpan
  reason: string
  by: string
  dies_utc: string
  case: string
  reminded_days: number[]
}

export type Remark = { weight: 'fault' | 'warning' | 'note'; span: number | null; words: Said }

export type ActTold = {
  basis: LegalBasis | null
  number: string
  officer: OfficerTold
  received_at: string
  spans: { camera: string; from_at: string; to_at: string }[]
  act_sha256: string
  is_signed: boolean
  authorised_by: string
  habilitation: { reference: string; from_at: string; to_at: string } | null
  proportionality: string
}

/** Beside what a refusal is shown: a step of the case that is open, the act that is typed, a hold. */
export type Where = CaseStep | 'file' | `hold/${string}`

const PERIOD_MS = 5_000
const MAKING_MS = 1_000
/** Older, the page says so: two turns and one question that was given up. */
export const TOLD_MS_MAX = 16_000

export class DeskCases {
  /** Null: not told yet. The most urgent first. */
  cases = $state.raw<CaseLine[] | null>(null)
  holds = $state.raw<Hold[] | null>(null)
  file = $state.raw<CaseFile | null>(null)
  /** Why the case that is named is not shown. */
  file_refused = $state.raw<Refusal | null>(null)
  age_ms = $state<number | null>(null)
  trouble = $state.raw<Refusal | null>(null)
  refused = $state.raw<{ where: Where; said: Refusal } | null>(null)
  /** What is being asked, not answered yet. */
  asking = $state<Where | null>(null)

  #told_ms: number | null = null
  #named = ''
  #lists: string
  #turn = 0
  #opening = Promise.resolve()

  /** `reads`: the register of all cases; else one's own. `sees_holds`: whether holds are told at all. */
  constructor(
    readonly reads: boolean,
    readonly follows: boolean,
  ) {
    this.#lists = reads ? '/api/cases' : '/api/own-cases'
  }

  start(): () => void {
    if (!this.reads && !this.follows) return () => undefined
    const stop = repeat(PERIOD_MS, () => this.look())
    const stop_making = repeat(MAKING_MS, async () => {
      if (this.asking === 'prepare' || this.file?.preparing != null) await this.#look_at_file()
    })
    const beat = setInterval(() => {
      this.age_ms = this.#told_ms === null ? null : performance.now() - this.#told_ms
    }, 250)
    return () => {
      stop()
      stop_making()
      clearInterval(beat)
    }
  }

  /** The case that is open; empty: none. Until it is told. */
  open(name: string): Promise<void> {
    if (name === this.#named) return this.#opening
    this.#named = name
    this.file = null
    this.file_refused = null
    this.refused = null
    this.#opening = this.#look_at_file()
    return this.#opening
  }

  /** One turn: the list, the holds, the case that is open. */
  async look(): Promise<void> {
    const at_ms = performance.now()
    const cases = await this.#read<CaseLine[]>(this.#lists)
    const holds = this.reads ? await this.#read<Hold[]>('/api/holds') : []
    if (cases === null || holds === null) return
    this.#told_ms = at_ms
    this.age_ms = performance.now() - at_ms
    this.cases = in_order(cases)
    this.holds = holds
    await this.#look_at_file()
  }

  /** Whether it was done; what was refused is beside it. */
  async take(step: CaseStep, body?: object): Promise<boolean> {
    return this.#ask(step, 'POST', `/api/cases/${encodeURIComponent(this.#named)}/${step}`, body)
  }

  register(name: string, act: ActTold): Promise<boolean> {
    return this.#ask('file', 'PUT', `/api/cases/${encodeURIComponent(name)}`, act)
  }

  place(hold: string): Promise<boolean> {
    return this.#ask(`hold/${hold}`, 'POST', `/api/holds/${encodeURIComponent(hold)}/place`)
  }

  end(hold: string, reason: string): Promise<boolean> {
    return this.#ask(`hold/${hold}`, 'POST', `/api/holds/${encodeURIComponent(hold)}/end`, { reason })
  }

  request_hold(hold: string, span: { camera: string; from_at: string; to_at: string }, reason: string): Promise<boolean> {
    const query = new URLSearchParams({ from_at: span.from_at, to_at: span.to_at })
    const path = `/api/cameras/${encodeURIComponent(span.camera)}/holds/${encodeURIComponent(hold)}?${query}`
    return this.#ask('hold/new', 'PUT', path, { reason })
  }

  /** What there is to say of an act that is being typed; null: the centre does not tell. */
  async remarks(act: ActTold): Promise<Remark[] | null> {
    try {
      const response = await fetch('/api/acts/look', { ...quick(), ...sent('POST', act) })
      return response.ok ? ((await response.json()) as Remark[]) : null
    } catch {
      return null
    }
  }

  /** Bytes that leave the centre: a package, a copy, a stretch. Null: refused, and said beside the step. */
  async fetched(step: 'package' | 'copy' | 'footage', path: string): Promise<Blob | null> {
    this.refused = null
    this.asking = step
    try {
      const response = await fetch(path, { cache: 'no-store' })
      if (response.ok) return await response.blob()
      this.refused = { where: step, said: (await response.json()) as Refusal }
    } catch {
      this.refused = { where: step, said: CUT_OFF }
    } finally {
      this.asking = null
    }
    return null
  }

  async #ask(where: Where, method: 'POST' | 'PUT', path: string, body?: object): Promise<boolean> {
    this.refused = null
    this.asking = where
    try {
      const response = await fetch(path, { cache: 'no-store', ...sent(method, body) }) // a package takes its time
      if (response.ok) {
        await this.look()
        return true
      }
      this.refused = { where, said: (await response.json()) as Refusal }
    } catch {
      this.refused = { where, said: NO_ANSWER }
    } finally {
      this.asking = null
    }
    return false
  }

  async #look_at_file(): Promise<void> {
    const name = this.#named
    if (name === '') return
    this.#turn += 1
    const turn = this.#turn
    try {
      const response = await fetch(`${this.#lists}/${encodeURIComponent(name)}`, quick())
      if (turn !== this.#turn || name !== this.#named) return // overtaken
      if (response.ok) {
        this.file = (await response.json()) as CaseFile
        this.file_refused = null
      } else this.file_refused = (await response.json()) as Refusal
    } catch {
      // what was told last stays, and its age says how old it is
    }
  }

  async #read<Answer>(path: string): Promise<Answer | null> {
    try {
      const response = await fetch(path, quick())
      if (response.ok) {
        this.trouble = null
        return (await response.json()) as Answer
      }
      this.trouble = (await response.json()) as Refusal
    } catch {
      // its age says it
    }
    return null
  }
}

const CUT_OFF: Refusal = {
  fr: 'Le transfert s’est interrompu : rien d’entier n’a été reçu.',
  en: 'The transfer broke off: nothing whole was received.',
  detail: { fr: '', en: '' },
}

function sent(method: 'POST' | 'PUT', body?: object): RequestInit {
  if (body === undefined) return { method }
  return { method, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }
}

/** Footage that dies first, then what can be done now, then what has to wait, then what is over. */
function in_order(cases: CaseLine[]): CaseLine[] {
  const rank = ({ due }: CaseLine) => (due === null ? 3 : due.by_utc !== '' ? 0 : due.from_utc > now_utc() ? 2 : 1)
  const key = (line: CaseLine) => line.due?.by_utc || line.due?.from_utc || line.received_utc
  return [...cases].sort((a, b) => rank(a) - rank(b) || (key(a) < key(b) ? -1 : 1) * (rank(a) === 3 ? -1 : 1))
}

function now_utc(): string {
  return new Date().toISOString()
}
