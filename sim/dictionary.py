"""All words of the story and of the faults, gathered from the models that own them. A new model adds its line here."""

from __future__ import annotations

from sim import fault_words, order_words, panels, trouble_words
from sim.vocabulary import Telling, Trouble, Vocabulary

_OWNERS = (fault_words, panels, order_words, trouble_words)
_PLAYED = (*panels.FAULT_WORDS, *trouble_words.FAULT_WORDS)
STORY: Vocabulary[Telling] = Vocabulary("Story", [word for owner in _OWNERS for word in owner.STORY_WORDS])
FAULTS: Vocabulary[Trouble] = Vocabulary("Fault", [*fault_words.FAULT_WORDS, *_PLAYED])
