"""Who may see what: no replay, exports by two, the journal before the first byte, communes apart (12, 13, 15, 21)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from csu.hal.words import Words
from sim.judgement import Judgement
from sim.oracles.stage import judged
from sim.past.door import Visit

_NAMES = ("replay_refused", "export_by_two", "journaled_before", "communes_apart")


class AccessOracle:
    """Hears what each visit to the console came to."""

    def __init__(self) -> None:
        self._cases: Counter[str] = Counter()
        self._told: dict[str, list[Words]] = {name: [] for name in _NAMES}

    def must_refuse(self, name: str, answer: Visit, who: str, *, noted: bool = True) -> None:
        """This visit had to be refused, and, where `noted`, written down as refused."""
        self._cases[name] += 1
        if not answer.is_refused or answer.status >= 500:
            self._told[name].append(Words(f"réponse {answer.status}", f"answered {answer.status}").at(who))
        elif noted and not answer.refused_noted:
            self._told[name].append(_NOT_NOTED.at(who))

    def journaled(self, answer: Visit, who: str) -> None:
        """If this visit was shown anything, the journal held it before."""
        if answer.is_refused or answer.granted_before is None:
            return
        self._cases["journaled_before"] += 1
        if not answer.granted_before:
            self._told["journaled_before"].append(_SHOWN_FIRST.at(who))

    def apart(self, who: str, foreign: Sequence[str]) -> None:
        """A list was shown, with these cameras of other communes in it."""
        self._cases["communes_apart"] += 1
        if foreign:
            told = f"{len(foreign)}: {foreign[0]}"
            self._told["communes_apart"].append(Words(f"a vu {told}", f"saw {told}").at(who))

    def trouble(self, what: str) -> None:
        """A visit that had to succeed did not: the desk kept somebody from their duty."""
        self._told["export_by_two"].append(Words.same(what))

    def judge(self) -> tuple[Judgement, ...]:
        """The run is over."""
        return tuple(judged(name, self._told[name], self._cases[name], cases_least=0) for name in _NAMES)


_NOT_NOTED = Words("refusé, et pas au journal", "refused, and not in the journal")
_SHOWN_FIRST = Words("montré avant d'être au journal", "shown before it was in the journal")
