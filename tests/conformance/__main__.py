"""``python -m tests.conformance [--spec-version N] FOLDER`` runs every vector and every recording in a folder."""

from __future__ import annotations

import argparse
import logging
import sys
from collections import Counter
from pathlib import Path

from buttplug.core.messages import SPEC_MAJOR
from tests.conformance.runner import Outcome, Verdict, run_file


def main(arguments: list[str] | None = None) -> int:
    """Print what came of each case that did not simply pass, then how many did; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description="Run vectors and recordings.")
    parser.add_argument("folder", type=Path, help="a folder of vectors, with user configurations in config/, or recordings")
    parser.add_argument(
        "--spec-version",
        type=int,
        choices=range(SPEC_MAJOR + 1),
        help="the message spec version of the client, which comes by websocket; without it this package's own client plays "
        "every vector twice, in process and by websocket, and every recording in process",
    )
    options = parser.parse_args(arguments)
    folder: Path = options.folder
    paths = sorted(folder.glob("*.json"))
    if not paths:
        parser.error(f"there are no vectors or recordings in {folder}")
    # What a case meets is in its line.
    logging.getLogger("buttplug").addHandler(logging.NullHandler())
    outcomes = [outcome for path in paths for outcome in run_file(path, options.spec_version)]
    for outcome in outcomes:
        if outcome.verdict is Verdict.FAILED:
            print(_line(outcome))
    for outcome in outcomes:
        if outcome.verdict is Verdict.PASSED and outcome.details:
            print(_line(outcome))
    count = Counter(outcome.verdict for outcome in outcomes)
    print(
        ", ".join(
            f"{count[verdict]} {verdict}" for verdict in Verdict if count[verdict] or verdict is not Verdict.NOT_FOR_VERSION
        )
    )
    return 1 if count[Verdict.FAILED] else 0


def _line(outcome: Outcome) -> str:
    return f"{outcome.verdict.upper()} {outcome.case}: {'; '.join(outcome.details)}".replace("\n", " ")


if __name__ == "__main__":
    sys.exit(main())
