"""Known links of a full walk: which may be followed when only a part is walked."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from indexer.intake.watch.watch import Watched


@dataclass(frozen=True, slots=True)
class KnownLinks:
    """Links in the order in which a full walk found them.

    Of several links to one folder the first is followed, and a link to a folder that is walked itself is not: only a
    walk that meets all of them can decide that.
    """

    paths: tuple[Path, ...] = ()

    def watched(self) -> list[Watched]:
        """Return how the folders that they lead to are watched."""
        reason = "it is a link to another folder"
        return [Watched(link, "polling", reason) for link in self.paths if link.is_dir()]

    def to_follow(self, walked: Iterable[Path]) -> Collection[Path]:
        """Return the links to follow in a walk of some paths: all, if these are among them, else none."""
        return self.paths if set(walked).issuperset(self.paths) else ()

    def are(self, found: Iterable[Path]) -> bool:
        """Return whether all links that were found are known."""
        return set(found).issubset(self.paths)

    def may_have_changed(self, touched: Iterable[Path]) -> bool:
        """Return whether a change at these paths may have removed or redirected a link."""
        places = set(touched)
        return any(not places.isdisjoint((link, *link.parents)) for link in self.paths)
