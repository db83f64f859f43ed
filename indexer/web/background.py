"""Background work of a site: cached library state, the scan, the search for copies."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from threading import Lock, Thread
from typing import Annotated

from fastapi import Depends, Request

from indexer.assemble import model_set, scanning
from indexer.errors import IndexerError, ModelError
from indexer.library.query.ast import ALL
from indexer.library.report import root_counts
from indexer.library.search.aggregates import shapes, timeline
from indexer.library.search.search import by_query
from indexer.library.search.suggest import suggest
from indexer.library.similar.similar import CopyGroup, duplicates
from indexer.library.similar.similarity_cache import LookAlikes
from indexer.pipeline.library_calls import find_duplicates
from indexer.pipeline.root_state import FolderState, away_roots, folder_states
from indexer.pipeline.scan.plan import Report
from indexer.pipeline.scan.run import Build, Scanning
from indexer.pipeline.scan.scan_thread import Scanner
from indexer.records.scan import scan_record
from indexer.records.status import ServerStatus, held_record, roots_record, work_record
from indexer.subprocess_call import CallGroup
from indexer.values.analysis import ModelIds
from indexer.web.advice import joined
from indexer.web.cache import AnswerCache, StaleWhileRevalidate
from indexer.web.events import Events
from indexer.web.site import Site

_LOOK_SECONDS = 1.0  # between checks of the folders
_PATIENCE_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Background:
    """The background work of one server.

    copies, twins: groups of photos that look the same, or have the same bytes.  roots: the states of the library's
    folders on the disk.  calls: long tasks in processes of their own.
    grouping: held while faces are grouped.
    """

    site: Site
    memory: AnswerCache
    scanner: Scanner
    copies: StaleWhileRevalidate[list[CopyGroup]]
    twins: StaleWhileRevalidate[list[CopyGroup]]
    roots: StaleWhileRevalidate[dict[Path, FolderState]]
    events: Events
    calls: CallGroup
    grouping: Lock = field(default_factory=Lock)
    _alike: dict[str, LookAlikes] = field(default_factory=dict)
    _ahead: list[Thread] = field(default_factory=list)

    @classmethod
    def of(cls, site: Site, build: Build) -> Background:
        """Return the background of a site. build: builds models that are not built yet, for a scan."""
        memory, calls = AnswerCache(site.library), CallGroup()
        scanner = Scanner(site.library, partial(_scanning, site, build))
        roots = StaleWhileRevalidate(memory, lambda: folder_states(site.library), _LOOK_SECONDS)
        return cls(
            site,
            memory,
            scanner,
            StaleWhileRevalidate(
                memory, lambda: find_duplicates(site.library.path, classifier_id(site), site.config.max_pixels, calls)
            ),
            StaleWhileRevalidate(memory, lambda: duplicates(site.library, None, away=away_roots(site.library))),
            roots,
            Events("status", lambda: status(site, memory, roots, scanner)),
            calls,
        )

    def status(self) -> ServerStatus:
        """Return the status of the library and its daemon."""
        return status(self.site, self.memory, self.roots, self.scanner)

    def away(self) -> tuple[Path, ...]:
        """Return the library's folders that are not available now; a hanging disk is waited for only once."""
        return tuple(root for root, found in _found(self.roots).items() if found.state == "away")

    def look_alikes(self, model: str) -> LookAlikes:
        """Return the embeddings of a model, in memory; those of another one are dropped."""
        found = self._alike.get(model)
        if found is None:
            self._alike.clear()
            found = self._alike[model] = LookAlikes(self.site.library, model)
        return found

    def warm(self) -> None:
        """Load in a thread what a first page needs, so that the first visitor does not wait for it."""
        reader = Thread(target=self._read_ahead, name="warm", daemon=True)
        reader.start()
        self._ahead.append(reader)

    def _read_ahead(self) -> None:
        library = self.site.library
        with suppress(IndexerError):  # requests report it
            by_query(library, ALL, sort="date", limit=1)
            timeline(library, ALL)
            shapes(library, ALL, "date")
            suggest(library, "a", 1)

    async def wind_down(self) -> None:
        """Begin to shut down: streams end, a scan stops at its next photo."""
        self.scanner.stop()
        await self.events.close()

    def close(self) -> None:
        """Shut down, and wait for that."""
        for reader in self._ahead:
            reader.join()
        self.calls.close()
        self.scanner.close()
        self.memory.close()


def background(request: Request) -> Background:
    """Return the background of the server that a request is for."""
    found: Background = request.app.state.background
    return found


BackgroundOf = Annotated[Background, Depends(background)]


def classifier_id(site: Site) -> str:
    """Return the id of the model whose vectors tell what looks alike. Errors: ModelError."""
    return model_set(site.config).specs()[0].id


def status(
    site: Site, memory: AnswerCache, roots: StaleWhileRevalidate[dict[Path, FolderState]], scanner: Scanner
) -> ServerStatus:
    """Return the status of a library and its daemon; the totals are counted again only after a write."""
    model_ids = _model_ids(site)
    held = memory.kept(("held", model_ids), lambda: held_record(site.library, model_ids))
    counts = memory.kept("roots", lambda: root_counts(site.library))
    folders = roots_record(site.library, counts, _found(roots))
    scan = scanner.progress
    return {**held, **folders, **work_record(site.library, joined), "scan": scan_record(scan, joined) if scan else None}


def _found(roots: StaleWhileRevalidate[dict[Path, FolderState]]) -> dict[Path, FolderState]:
    return roots.ask(_PATIENCE_SECONDS)[0] or {}


def _model_ids(site: Site) -> ModelIds | None:
    try:
        return model_set(site.config).model_ids()
    except ModelError:  # what the library holds can be told without them
        return None


def _scanning(site: Site, build: Build, on_error: Report) -> Scanning:
    return scanning(site.config, build, on_error)
