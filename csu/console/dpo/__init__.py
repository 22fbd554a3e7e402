"""Doors of the data protection officer's screen: journal, masks to sign, signs, requests, regime, legal register."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import FastAPI

from csu.console.dpo.journal import (
    FindingAnswer,
    JournalReadingDesk,
    VerdictAnswer,
    Verification,
    add_journal_doors,
)
from csu.console.dpo.masks import MaskDesk, MaskDrawing, WaitingMasks, add_mask_doors
from csu.console.dpo.regime import RegimeDesk, RegimeStands, add_regime_doors
from csu.console.dpo.register import Knows, RegisterDesk, add_register_doors
from csu.console.dpo.requests import RequestDesk, RequestStands, add_request_doors
from csu.console.dpo.signs import Listed, SignDesk, add_sign_doors

__all__ = [
    "DpoDesks",
    "FindingAnswer",
    "JournalReadingDesk",
    "MaskDesk",
    "MaskDrawing",
    "RegimeDesk",
    "RegimeStands",
    "RegisterDesk",
    "RequestDesk",
    "RequestStands",
    "SignDesk",
    "VerdictAnswer",
    "Verification",
    "WaitingMasks",
    "add_dpo_doors",
]


@dataclass(frozen=True, slots=True)
class DpoDesks:
    """Each None: this centre has it not, and its doors say so."""

    journal: JournalReadingDesk | None = None
    masks: MaskDesk | None = None
    signs: SignDesk | None = None
    requests: RequestDesk | None = None
    regime: RegimeDesk | None = None
    register: RegisterDesk | None = None


def add_dpo_doors(app: FastAPI, desks: DpoDesks, listed: Listed, knows: Knows) -> None:
    """All of them, into `app` itself. `listed`, `knows`: which cameras, of which communes, a person may know of."""
    add_journal_doors(app, desks.journal)
    add_mask_doors(app, desks.masks)
    add_sign_doors(app, desks.signs, listed)
    add_request_doors(app, desks.requests)
    add_regime_doors(app, desks.regime)
    add_register_doors(app, desks.register, knows)
