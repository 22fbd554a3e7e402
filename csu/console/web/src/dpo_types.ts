/** What the doors of the data protection officer tell (`csu/console/dpo`). Instants are nanoseconds since 1970. */

import type { Lifecycle } from './room.svelte'
import type { Said } from './words'

type Ns = number

/** `csu.console.dpo.journal.ReadingGround`. */
export type ReadingGround = 'control' | 'incident' | 'access_request' | 'requisition'

/** `csu.governance.journal_entry.Operation`. */
export type Operation = keyof typeof OPERATIONS

/** Every operation, in the order in which they are offered. */
export const OPERATIONS = {
  live_select: true,
  ptz: true,
  preset: true,
  guard_tour: true,
  wall_layout: true,
  replay: true,
  search: true,
  snapshot: true,
  export: true,
  communication: true,
  image_deport: true,
  loudspeaker: true,
  hold: true,
  lock: true,
  release: true,
  case: true,
  access_request: true,
  purge: true,
  mask_edit: true,
  camera_lifecycle: true,
  config: true,
  rights: true,
  login: true,
  logout: true,
  route: true,
  register_read: true,
  journal_read: true,
  journal_purge: true,
  tampering: true,
} as const

/** `csu.governance.journal_entry.Ground`. */
export type Ground = ReadingGround | 'live_watch' | 'alarm' | 'recipient_l252_3' | 'mask_verification' | 'maintenance' | 'retention' | 'configuration'

/** `csu.governance.journal_entry.Outcome`. */
export type Outcome = 'granted' | 'refused' | 'done' | 'partial' | 'failed'

export type Search = {
  ground: ReadingGround
  reference: string
  person: string
  operation: Operation | null
  camera: string
  case: string
  from_day: string | null
  to_day: string | null
  before: number | null
}

export type JournalSpan = { camera: string; from_ns: Ns | null; to_ns: Ns | null }

export type JournalEntry = {
  number: number
  at_ns: Ns
  operation: Operation
  author: string
  role: string
  outcome: Outcome
  ended: Outcome | null
  refusal: string
  ground: Ground | null
  reference: string
  case: string
  data: JournalSpan[]
  more_data: number
  recipient: string
  subject: string
  sha256: string
}

export type JournalPage = { entries: JournalEntry[]; go_on_before: number | null }

export type Verdict = {
  holds: boolean
  rows: number
  days: number
  days_purged: number
  anchors: number | null
  stamps_verified: number
  stamps_unchecked: number
  rows_not_anchored: number
  findings: { where: string; what: Said }[]
}

export type Verification = {
  began_at_ns: Ns | null
  is_running: boolean
  ended_at_ns: Ns | null
  verdict: Verdict | null
  failed: Said | null
}

/** `csu.hal.site.SignRole`. */
export type SignRole = 'technical' | 'dpo'

export type WaitingMasks = {
  camera: string
  lifecycle: Lifecycle
  version: number
  digest: string
  by: string
  at_ns: Ns
  reason: string
  looser: Said[]
  in_force: number | null
  is_in_force: boolean
  missing: SignRole[]
  signatures: { person: string; role: SignRole; at_ns: Ns }[]
  declined_by: string
  declined_because: string
  verify_before_ns: Ns | null
  verification_due: boolean
}

export type Drawing = {
  camera: string
  version: number
  width_px: number
  height_px: number
  cells: string[]
  changes: Said[]
}

export type Sign = {
  sign: string
  commune: string
  place: string
  placed_on: string
  text: string
  cameras: string[]
  photo_sha256: string
}

export type Unannounced = { camera: string; number: number; name: string; commune: string }

export type Signs = { signs: Sign[]; unannounced: Unannounced[] }

/** `csu.governance.access_requests.RequestState`. */
export type RequestState = 'received' | 'examined' | 'to_view' | 'answered'

/** `csu.governance.access_requests.IdentityProof`. */
export type IdentityProof = 'document_shown' | 'electronic' | 'representative'

/** `csu.governance.access_requests.AccessDecision`. */
export type AccessDecision = 'granted' | 'partial' | 'refused' | 'no_pictures'

/** `csu.governance.access_requests.Motive`. */
export type Motive = 'state_security' | 'public_security' | 'pending_proceedings' | 'third_parties' | 'identity_not_proved' | 'excessive'

export type AccessRequest = {
  request: string
  state: RequestState
  commune: string
  place: string
  spans: { camera: string; from_ns: Ns; to_ns: Ns }[]
  received_at_ns: Ns
  due_at_ns: Ns
  pictures_until_ns: Ns | null
  proof: IdentityProof | null
  case: string
  decision: AccessDecision | null
  motive: Motive | null
  decided_at_ns: Ns | null
  viewed_at_ns: Ns | null
  certificates: number
}

export type Regime = {
  is_on: boolean
  why: Said
  source: string
  law: string
  official_journal: string
  valid_from: string | null
  valid_until: string | null
  entered: { by: string; reason: string; at_ns: Ns }[]
}

export type RegisterDay = {
  day: string
  recorded: { camera: string; commune: string; from_ns: Ns; to_ns: Ns; recorded_s: number }[]
  destroyed: {
    commune: string
    cameras: string[]
    destroyed_at_ns: Ns
    rule: string
    certificate: string
    tiers: string[]
    kept: string[]
  }[]
  transmitted: {
    case: string
    basis: string
    office: string
    recipient: string
    transmitted_at_ns: Ns
    cameras: string[]
  }[]
  is_cut: boolean
}

/** The parts of the page, and any of the rights that opens each. */
export const PARTS = {
  journal: ['journal_read', 'journal_verify'],
  masks: ['mask_read'],
  signs: ['compliance_read'],
  requests: ['access_request'],
  regime: ['compliance_read'],
  register: ['legal_register_read'],
} as const
export type Part = keyof typeof PARTS
