"""All words of the story and of the faults, gathered from the models that own them. A new model adds its line here."""

from __future__ import annotations

from sim import fault_words, panels
from sim.past import words as past_words
from sim.vocabulary import Telling, Trouble, Vocabulary

STORY: Vocabulary[Telling] = Vocabulary(
    "Story", [*fault_words.STORY_WORDS, *panels.STORY_WORDS, *past_words.STORY_WORDS]
)
FAULTS: Vocabulary[Trouble] = Vocabulary("Fault", [*fault_words.FAULT_WORDS, *panels.FAULT_WORDS])
