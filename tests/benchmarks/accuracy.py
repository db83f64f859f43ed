"""Print how often the program is right: python tests/benchmarks/accuracy.py DATASET [--only PART] [--every N] [--check]

DATASET is a folder of pictures with known answers, in the form of docs/measurements/dataset.md; parts that it has no
pictures for are left out. One JSON line a figure, with the goal where there is one. The exit code is 0 whatever the
figures are; with --check it is 1 where a goal is missed.
"""

from __future__ import annotations

import operator
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path

from parts import Figure, parser, print_lines

from indexer.config.config import Config
from indexer.vision.spec import read_specs
from indexer.zoo.build.subprocess import build_missing

PARTS = {  # the module whose `figures` measures it, and the tables that it reads: one of them is enough
    "tags": ("tags", ("tags_multilabel/labels.csv", "imagenet_samples/labels.csv")),
    "faces": ("faces", ("faces_detect/images.csv", "faces_verify/lfw_pairs.csv", "faces_verify/other_pairs.csv")),
    "people": ("people", ("faces_verify/identities.csv",)),
    "duplicates": (
        "duplicates",
        ("imagenet_samples/labels.csv", "tags_multilabel/labels.csv", "near_duplicates/groups.csv"),
    ),
    "taught": ("teach", ("imagenet_samples/labels.csv", "tags_multilabel/labels.csv")),
}


@dataclass(frozen=True)
class Goal:
    """What a figure should come to, at least or at most; about: what else the figure says of itself."""

    figure: str
    value: float
    at_least: bool = True
    about: Figure = field(default_factory=dict)

    def is_of(self, figure: Figure) -> bool:
        return figure["figure"] == self.figure and self.about.items() <= figure.items()

    def is_met(self, figure: Figure) -> bool:
        return bool((operator.ge if self.at_least else operator.le)(figure["value"], self.value))


GOALS = (
    Goal("pairwise F1 of people with many photos", 0.95),
    Goal("people seen once in a group", 0.02, at_least=False),
    Goal("suggested faces that are right", 0.8),
    Goal("same or different", 0.99, about={"pairs": "lfw"}),
    Goal("recall of copies", 0.95, about={"pictures": "all"}),
    Goal("false pairs in 10,000", 1, at_least=False, about={"pictures": "all"}),
    Goal("word-to-photo mean average precision", 0.975),
    Goal("precision of shown tags", 0.93, about={"photos": "all"}),
    Goal("recall of shown tags", 0.60, about={"photos": "all"}),
    Goal("recall of shown tags", 0.55, about={"photos": "not in COCO's training"}),
    Goal("tags a photo", 3.5, at_least=False, about={"photos": "all"}),
    Goal("mean average precision of COCO's words, searched", 0.82, about={"matches": "less sure ones, too"}),
    Goal("mean average precision of words, searched", 0.96, about={"matches": "less sure ones, too", "models": "all"}),
    Goal("precision of 'person'", 0.97),
    Goal("recall of 'person'", 0.92),
)


def measured(part: str, data: Path, models: Path, every: int) -> Iterator[Figure]:
    """Yield the figures of a part, each with its goal and whether it is met."""
    module, _ = PARTS[part]
    for figure in import_module(module).figures(data, models, every):
        goal = next((goal for goal in GOALS if goal.is_of(figure)), None)
        yield {"part": part, **figure, **({"goal": goal.value, "met": goal.is_met(figure)} if goal else {})}


def there(data: Path, asked: list[str]) -> list[str]:
    """Return the parts that there are pictures for; say which tables are missing."""
    found = []
    for part in asked:
        missing = [table for table in PARTS[part][1] if not (data / table).is_file()]
        if missing:
            print(f"{part}: {data} has no {', '.join(missing)}", file=sys.stderr)
        if len(missing) < len(PARTS[part][1]):
            found.append(part)
    return found


def main() -> None:
    """Measure what there are pictures for."""
    asked = parser(__doc__)
    asked.add_argument("--only", choices=PARTS, help="one part")
    asked.add_argument("--every", type=int, default=1, help="only each n-th picture")
    asked.add_argument("--check", action="store_true", help="exit code 1 where a goal is missed")
    given = asked.parse_args()
    parts = there(given.data, [given.only] if given.only else list(PARTS))
    if not parts:
        sys.exit(f"{given.data}: nothing to measure; docs/measurements/dataset.md tells what such a folder holds")
    specs = read_specs()
    wanted = (Config().classifier, Config().object_detector, Config().detector, Config().describer)
    build_missing([specs[name] for name in wanted], given.models)
    missed = 0
    for part in parts:
        for figure in measured(part, given.data, given.models, given.every):
            print_lines([figure])
            missed += figure.get("met") is False
    sys.exit(int(given.check and missed > 0))


if __name__ == "__main__":
    main()
