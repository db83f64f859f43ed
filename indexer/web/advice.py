"""Advice in words for a browser: what a page offers, or the command to run on the server's machine."""

from __future__ import annotations

from indexer.advice import Advice, with_advice
from indexer.errors import IndexerError
from indexer.library.search.hints import Hint

# Keys that a request can meet; others are left out.
WORDS = {
    "add-photos": "run 'indexer scan FOLDER' on the server's machine",
    "build-models": "run 'indexer models build' on the server's machine",
    "doctor": "run 'indexer doctor' on the server's machine",
    "install": "on the server's machine, run: pip install {0}",
    "install-again": "on the server's machine, run: pip install --force-reinstall {0}",
    "install-extra": "on the server's machine, in the program's folder, run: pip install '.[{0}]'",
    "list-faces": "GET /api/people/PERSON lists the faces of a person",
    "list-folders": "the status page lists them",
    "list-models": "there are {0}",
    "list-people": "the people page shows everybody",
    "make-library": "run 'indexer scan FOLDER' on the server's machine",
    "rebuild-models": "run 'indexer models build' on the server's machine to rebuild it",
    "resume": "run 'indexer resume' on the server's machine",
    "search": "type what you look for, such as: dog",
}


def sentence(error: IndexerError) -> str:
    """Return an error with what to do about it."""
    return with_advice(str(error), error.advice, WORDS)


def hint_text(hint: Hint) -> str:
    """Return a hint with what to do about it."""
    return f"{joined(hint.text, hint.advice)}." if hint.advice else hint.text


def joined(text: str, advice: Advice | None) -> str:
    """Return a sentence with what to do about it."""
    return with_advice(text, advice, WORDS)
