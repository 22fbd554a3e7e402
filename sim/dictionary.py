"""All words of the story and of the faults, gathered from the models that own them. A new model adds its line here."""

from __future__ import annotations

from sim import (
    analysis_words,
    centre_host,
    fault_words,
    order_words,
    panels,
    population_words,
    trouble_words,
    turning,
    volumes,
    wall,
)
from sim.past import words as past_words
from sim.vocabulary import Telling, Trouble, Vocabulary

_OWNERS = (
    fault_words,
    panels,
    order_words,
    trouble_words,
    centre_host,
    population_words,
    turning,
    volumes,
    wall,
    past_words,
    analysis_words,
)
_PLAYED = (
    *(*panels.FAULT_WORDS, *trouble_words.FAULT_WORDS, *centre_host.FAULT_WORDS),
    *(*turning.FAULT_WORDS, *volumes.FAULT_WORDS, *wall.FAULT_WORDS),
)
STORY: Vocabulary[Telling] = Vocabulary("Story", [word for owner in _OWNERS for word in owner.STORY_WORDS])
FAULTS: Vocabulary[Trouble] = Vocabulary("Fault", [*fault_words.FAULT_WORDS, *_PLAYED])
