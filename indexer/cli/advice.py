"""Advice in words: the commands and options that do what an error or a finding advises."""

from __future__ import annotations

from indexer.advice import Advice, in_words, with_advice
from indexer.errors import IndexerError

WORDS = {
    "activation-logits": (
        "raw numbers need --activation logits, or sigmoid-logits where several classes may be right at once"
    ),
    "activation-sigmoid": "--activation sigmoid takes each for itself",
    "add-again": "add it again with 'indexer models add'",
    "add-photos": "add photos with 'indexer scan FOLDER'",
    "build-model": "indexer models build {0}",
    "build-models": "run 'indexer models build'",
    "choose-role": "choose one with --role: {0}",
    "deep-continue": "run 'indexer doctor --deep' again to continue",
    "doctor": "'indexer doctor' shows what to do",
    "download-weights": "download them elsewhere and use --weights FILE",
    "install": "pip install {0}",
    "install-again": "pip install --force-reinstall {0}",
    "install-extra": "in the program's folder run: pip install '.[{0}]'",
    "label-first": "--label-offset 0 where no class comes before the first name",
    "label-second": "--label-offset 1 where the first is 'background'",
    "labels": "pass them with --labels FILE",
    "list-faces": "'indexer people show' and 'indexer faces list' show the numbers",
    "list-folders": "'indexer folders' lists them",
    "list-models": "'indexer models list' shows {0}",
    "list-operations": "'indexer models inspect PATH --ops' lists them",
    "list-people": "'indexer people list' lists all people",
    "make-library": "'indexer scan FOLDER' makes it",
    "new-library": "check that its disk is mounted; to create a new library, run 'indexer scan FOLDER'",
    "other-library": "update indexer, or give the right file with --library",
    "overwrite": "choose another file, or use --overwrite",
    "prune": "'indexer prune' removes them and all data about them",
    "rebuild-indexes": "only indexes are damaged; run 'indexer doctor --repair' to rebuild them",
    "rebuild-models": "run 'indexer models build' to rebuild it",
    "relocate-into": "indexer relocate '{0}' '{0}'",
    "remove-model": "fix its description, or run: indexer models remove {0}",
    "repair": "indexer doctor --repair",
    "repair-and-scan": "indexer doctor --repair, then 'indexer scan' to analyze them again",
    "repair-deletes": "indexer doctor --repair deletes them",
    "repair-or-scan-marks": "'indexer doctor --repair' or a scan marks them as missing",
    "repair-or-scan-shows": "'indexer doctor --repair' or a scan shows them again",
    "replace-model": "use --replace to replace it, or choose another name",
    "resume": "continue with 'indexer resume'",
    "review": "after a scan: 'indexer show FILE' and 'indexer history'",
    "root-away": (
        "mount its disk, 'indexer relocate {0} NEW' if it has moved, "
        "'indexer folders remove {0}' if it is gone for good"
    ),
    "scan": "indexer scan",
    "scan-again": "run 'indexer scan' to analyze them again; the earlier library is in {0}",
    "scan-folder": "indexer scan FOLDER",
    "scan-shows": "'indexer scan' shows them again",
    "scan-when-available": "run 'indexer scan' when they are available",
    "search": "try 'indexer search dog'",
    "threshold": "--threshold gives it, and the rest in proportion",
    "trust": "use --trust if you trust its author",
    "upgrade": "the next 'indexer scan' or 'indexer status' upgrades it, after making a copy; then run this again",
    "weights": "use --weights FILE",
}


def worded(told: Advice | str | None) -> str:
    """Return an advice in words; what is in words already stays, '' for none."""
    return told if isinstance(told, str) else in_words(told, WORDS)


def sentence(error: IndexerError) -> str:
    """Return an error with what to do about it."""
    return with_advice(str(error), error.advice, WORDS)


def joined(text: str, advice: Advice | None) -> str:
    """Return a sentence with what to do about it."""
    return with_advice(text, advice, WORDS)
