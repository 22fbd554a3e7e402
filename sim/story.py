"""The story laid on the clock: each line at its instant, those told by other lines after them. Pure.

`at: demonstration + 40 min` counts from the beginning of the line named `demonstration`, `after:` from its end.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from csu.hal.clock import NS_PER_DAY, Nanoseconds
from csu.hal.words import Words
from csu.notation import did_you_mean
from sim.scenario import Scenario
from sim.vocabulary import Happening, Refusal, Telling


class StoryUntold(ValueError):
    """A line of the story has no instant: what it follows is not there, or follows it."""

    def __init__(self, refusals: Sequence[tuple[int, Refusal]]) -> None:
        super().__init__("; ".join(refusal.why.en for _, refusal in refusals))
        self.refusals = tuple(refusals)
        """Index of the line, and what is wrong with it."""


def tell_story(scenario: Scenario) -> tuple[Happening[Telling], ...]:
    """All lines of the story, by start, then as the file has them. Never raises for a scenario that was read."""
    return lay(dict(enumerate(scenario.story)), scenario.epoch_ns)


def lay(story: Mapping[int, Telling], epoch_ns: Nanoseconds) -> tuple[Happening[Telling], ...]:
    """The lines (by index) on the clock of a run that begins at `epoch_ns`. Raises StoryUntold, with all faults."""
    refusals = list(_named_twice(story))
    named = {line.name: index for index, line in sorted(story.items(), reverse=True) if line.name is not None}
    starts: dict[int, Nanoseconds] = {}
    waiting = dict(story)
    while waiting:
        told = {index: _start(line, story, named, starts, epoch_ns) for index, line in waiting.items()}
        ready = {index: start_ns for index, start_ns in told.items() if start_ns is not None}
        if not ready:
            break
        starts |= ready
        waiting = {index: line for index, line in waiting.items() if index not in ready}
    refusals += _untold(waiting, named)
    if refusals:
        raise StoryUntold(sorted(refusals, key=lambda found: found[0]))
    happenings = [
        Happening(line.name or f"story/{index}", line, starts[index], starts[index] + line.length_ns, told=True)
        for index, line in story.items()
    ]
    return tuple(sorted(happenings, key=lambda happening: happening.start_ns))


def _start(
    line: Telling,
    story: Mapping[int, Telling],
    named: Mapping[str, int],
    starts: Mapping[int, Nanoseconds],
    epoch_ns: Nanoseconds,
) -> Nanoseconds | None:
    """When the line begins; None while the line that it follows has no instant."""
    when = line.begins
    if when.event is None:
        return epoch_ns + when.after(epoch_ns % NS_PER_DAY)
    index = named.get(when.event)
    if index is None or index not in starts:
        return None
    return starts[index] + when.delay_ns + (story[index].length_ns if line.after is not None else 0)


def _named_twice(story: Mapping[int, Telling]) -> Iterator[tuple[int, Refusal]]:
    seen: set[str] = set()
    for index, line in sorted(story.items()):
        if line.name is not None and line.name in seen:
            yield (
                index,
                Refusal(
                    "name",
                    Words(
                        f"deux événements s'appellent {line.name!r}",
                        f"two events are named {line.name!r}",
                    ),
                ),
            )
        seen.add(line.name or "")


def _untold(waiting: Mapping[int, Telling], named: Mapping[str, int]) -> Iterator[tuple[int, Refusal]]:
    for index, line in waiting.items():
        key = "at" if line.at is not None else "after"
        event = line.begins.event or ""
        if event in named:
            why = Words(
                f"l'événement {event!r} attend lui-même cet événement : aucun des deux n'a d'heure",
                f"the event {event!r} itself waits for this one: neither has a time",
            )
        else:
            hint = did_you_mean(event, named)
            why = Words(f"aucun événement ne s'appelle {event!r}{hint.fr}", f"no event is named {event!r}{hint.en}")
        yield index, Refusal(key, why)
