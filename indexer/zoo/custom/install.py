"""Installation of a custom model: its description and files in the user's folder of models."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from indexer.errors import ModelError, printable
from indexer.vision.model_store import fingerprint, tree_fingerprint
from indexer.vision.spec import ModelSpec, read_spec
from indexer.zoo.custom.spec_draft import DraftReason, SpecDraft, one_line, toml_lines, toml_value

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
LABELS = "labels.txt"
_UNUSED = "???"  # as in vision.tags.labels


def check_name(name: str, taken: Sequence[str], own: Path, *, replace: bool) -> None:
    """Reject a name that cannot be a file's, is built in, or is taken in the user's folder. Errors: ModelError."""
    if not _NAME.fullmatch(name):
        raise ModelError(name, "use lowercase letters, digits, '.', '-' and '_', beginning with a letter or digit")
    if name in taken:
        raise ModelError(name, "is the name of a model that comes with the program; choose another")
    home = own / name
    if (own / f"{name}.toml").exists():
        if not replace:
            raise ModelError(name, "already exists").advise("replace-model")
    elif home.exists() or home.is_symlink():
        raise ModelError(name, f"{printable(home)} already exists, but no model of that name; choose another name")


@contextmanager
def installed(
    name: str,
    source: Path,
    proposal: SpecDraft,
    labels: Sequence[str],
    about: str,
    own: Path,
    *,
    link: bool = False,
    trust: bool = False,
    origin: str = "",
) -> Iterator[ModelSpec]:
    """Write the description and the files of a model into a folder beside `own`, for the caller to test it.

    They are moved into `own` when the block ends without an error, and deleted otherwise.
    labels: names of its classes, none where the description names a set.  link: leave the file where it is.
    origin: how it was made, in words, where not from a file.
    Errors: ModelError, also for a full disk, and for a file that lies in `own`, where it would be in its own way.
    """
    _apart(name, source, own)
    try:
        own.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{name}-", dir=own) as folder:
            spec = _write(name, source, proposal, labels, about, Path(folder), link=link, trust=trust, origin=origin)
            yield spec
            _take(name, Path(folder), own)
    except ModelError as error:  # its file was tested at its temporary place
        told = ModelError(error.name, error.reason.replace(f"{folder}/{name}/{source.name}", str(source)))
        raise (told.advise(error.advice.key, *error.advice.values) if error.advice else told) from error
    except OSError as error:
        raise ModelError(name, f"cannot be saved in {printable(own)}: {error.strerror or error}") from error


def label_names(inside: Sequence[str]) -> tuple[str, ...]:
    """Return the class names in a model file, as `vision.tags.labels` returns them: a blank one is '???'."""
    names = [one_line(name) for name in inside]
    while names and not names[-1]:
        names.pop()
    return tuple(name or _UNUSED for name in names)


def label_lines(labels: Sequence[str]) -> str:
    """Return names as `vision.tags.labels` reads them: numbered where one looks like a number or a table itself."""
    plain = all(label[0].isalpha() for label in labels)
    return "".join(f"{label}\n" if plain else f"{number} {label}\n" for number, label in enumerate(labels))


def forget(name: str, own: Path) -> None:
    """Delete the description and the files of a custom model."""
    (own / f"{name}.toml").unlink(missing_ok=True)
    home = own / name
    if home.is_symlink():
        home.unlink()
    shutil.rmtree(home, ignore_errors=True)


def _apart(name: str, source: Path, own: Path) -> None:
    file, home = source.resolve(), own.resolve()
    if file.is_relative_to(home) or home.is_relative_to(file):
        raise ModelError(name, f"{printable(source)} and {printable(own)}, where your models are kept, contain "
                         "one another; copy it elsewhere first")  # fmt: skip


def _write(
    name: str, source: Path, proposal: SpecDraft, labels: Sequence[str], about: str, folder: Path, *, link: bool,
    trust: bool, origin: str,
) -> ModelSpec:  # fmt: skip
    home = folder / name
    home.mkdir()
    file = home / printable(source.name)
    _bring(source, file, link=link)
    sha256 = tree_fingerprint(file) if file.is_dir() else fingerprint(file)
    weights = [
        DraftReason("weights.file", f"{name}/{file.name}", "linked" if link else "copied", "given"),
        DraftReason("weights.sha256", sha256, "of it", "sure"),
    ]
    weights += [DraftReason("weights.trust", True, "trusted: code in it may run", "given")] if trust else []
    if labels:
        (home / LABELS).write_text(label_lines(labels), "utf-8")
        weights.append(DraftReason("labels.file", f"{name}/{LABELS}", f"{len(labels)} names", "given"))
        proposal = SpecDraft(tuple(each for each in proposal.reasons if each.key != "labels.set"))
    told = _with(proposal, weights)
    head = [
        f"# {one_line(origin or f'Added from {printable(source)}')}.",
        f"description = {toml_value(about)}",
    ]
    (folder / f"{name}.toml").write_text("\n".join([*head, *toml_lines(told), ""]), "utf-8")
    return read_spec(folder / f"{name}.toml", folder)


def _with(proposal: SpecDraft, said: Sequence[DraftReason]) -> SpecDraft:
    """Merge given keys into their tables, in place of guessed ones."""
    keys = {reason.key for reason in said}
    reasons = [reason for reason in proposal.reasons if reason.key not in keys]
    for reason in said:
        table = reason.key.rpartition(".")[0]
        places = [place for place, each in enumerate(reasons) if each.key.rpartition(".")[0] == table]
        reasons.insert(places[-1] + 1 if places else len(reasons), reason)
    return SpecDraft(tuple(reasons))


def _bring(source: Path, file: Path, *, link: bool) -> None:
    if link:
        file.symlink_to(source.resolve(), target_is_directory=source.is_dir())
    elif source.is_dir():
        shutil.copytree(source, file)
    else:
        shutil.copyfile(source, file)


def _take(name: str, folder: Path, own: Path) -> None:
    """Replace old files by the new ones: the description last, so that none names missing files."""
    forget(name, own)
    (folder / name).replace(own / name)
    (folder / f"{name}.toml").replace(own / f"{name}.toml")
