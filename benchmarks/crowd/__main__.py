"""`python -m benchmarks.crowd`: how many sub-streams this machine records without losing a picture."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from pathlib import Path

from benchmarks.crowd.measurement import Asked, measure
from benchmarks.crowd.report import write_report
from benchmarks.crowd.town import Route


def main(words: list[str]) -> int:
    """Exit code 0: the long run lost nothing; 1: it did."""
    asked = Asked()
    parser = argparse.ArgumentParser(prog="python -m benchmarks.crowd", description=__doc__)
    parser.add_argument("--route", type=Route, choices=list(Route), default=asked.route, help="who masks")
    parser.add_argument("--minutes", type=float, default=asked.minutes, help="how long the long run is")
    parser.add_argument("--stage-s", type=float, default=asked.stage_s, help="how long a stage of the search is")
    parser.add_argument("--cameras", type=int, help="this many; without it, the highest count is searched")
    parser.add_argument("--per-node", type=int, default=asked.per_node, help="cameras a media process")
    parser.add_argument("--no-peers", dest="peers", action="store_false", help="only the count")
    parser.add_argument("--scratch", type=Path, default=asked.scratch, help="where footage lies until it was counted")
    parser.add_argument("--report", type=Path, default=Path("var/reports/crowd.html"), help="the page")
    parser.add_argument("--json", dest="as_json", action="store_true", help="one object on stdout")
    given = vars(parser.parse_args(words))
    page, as_json = given.pop("report"), given.pop("as_json")
    asked = Asked(**given)
    asked.scratch.mkdir(parents=True, exist_ok=True)
    found = measure(asked, shutil.which("ffmpeg"), lambda line: print(line, file=sys.stderr, flush=True))
    write_report(found, " ".join(["python -m benchmarks.crowd", *words]), page)
    print(f"  {page}", file=sys.stderr)
    if as_json:
        print(json.dumps(found.as_json()))
    elif found.long is not None:
        print(f"{found.long.cameras} cameras for {found.long.seconds:.0f} s: " + (
            "every picture once" if found.holds else "; ".join(found.long.failures)
        ))  # fmt: skip
    return 0 if found.holds else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
