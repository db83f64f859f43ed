"""Less sure matches: the scores of words below their thresholds, from what models stored of every photo."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from sqlalchemy import Connection

from indexer.library.db.engine import chunks
from indexer.library.query.ast import And, Not, Number, Or, Query, Term, Text, folded, leaves, split_scores
from indexer.library.query.texts import tells_of
from indexer.values.outputs import Doubt, ModelOutputs

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Scores: TypeAlias = NDArray[np.float64]  # by row id of the photo

OutputsOf = Callable[[str], tuple[ModelOutputs, ...]]
_AT_A_TIME = 16 * 1024
_CLASSES = 65_536  # evidence stores the number of a class in 16 bits
_ENTRY_BYTES = 6
_WEIGHTS = {True: 0.7, False: 0.3}  # of an object detector, of a classifier
_JUST_BELOW = 0.999  # of the threshold: no less sure match is as sure as a tag


def with_evidence(query: Query, outputs_of: OutputsOf) -> Query:
    """Return the query with the evidence for each word whose score may be lower than photos that have it as a tag need.

    That is where 'score' stands beside it with a lower end; not in what is left out.
    outputs_of: the outputs of models that stand for a word.
    """
    match query:
        case And():
            parts, limits = split_scores(query)
            low = max((limit.low or 0.0 for limit in limits), default=None)
            if low is not None and _has_open_end(limits):
                return And((*(_asked(part, outputs_of, low) for part in parts), *limits))
            return And(tuple(with_evidence(part, outputs_of) for part in query.parts))
        case Or(parts):
            return Or(tuple(with_evidence(part, outputs_of) for part in parts))
        case Not(part):
            return Not(with_evidence(part, outputs_of))
    return query


def less_sure(query: Query, outputs_of: OutputsOf) -> Query | None:
    """Return the query that also finds less sure matches.

    None where a query says itself how sure its matches must be, or no output of a model stands for any of its words.
    """
    if any(isinstance(leaf, Number) and leaf.field == "score" for leaf in leaves(query)):
        return None
    parts = query.parts if isinstance(query, And) else (query,)
    wider = with_evidence(And((*parts, Number("score", 0.0, None))), outputs_of)
    return wider if has_evidence(wider) else None


def has_evidence(query: Query) -> bool:
    """Return whether a query searches evidence."""
    return any(isinstance(leaf, Term) and leaf.outputs for leaf in leaves(query))


def evidence_scores(
    connection: Connection, term: Term, photo_ids: Sequence[int] | None = None
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return row ids of photos, ascending, and the scores of a word in them, 0..1, by its outputs.

    Each is lower than that of any photo that has the word as a tag: an output counts by its share of the score that a
    tag needs, and where classifiers and object detectors know the word, both weigh: see
    docs/measurements/tags.md.
    Photos from which the user removed the word are left out.  photo_ids: of these photos only.
    """
    import numpy as np

    asked = [each for each in term.outputs if all(_are_told(texts, each.model) for texts in term.models)]
    if not asked:
        return np.zeros(0, np.int64), np.zeros(0)
    scores = _read(connection, _needed(asked), photo_ids)
    shares: dict[bool, Scores] = {}
    for outputs in asked:
        found = scores[_Need.of(outputs)]
        for doubt in outputs.doubts:
            wider, word = (scores[need] for need in _Need.of_doubt(doubt))
            found = np.where((wider >= doubt.sure) & (word < doubt.share * wider), 0.0, found)
        share = np.minimum(found / outputs.least, _JUST_BELOW)
        shares[outputs.of_objects] = np.maximum(shares.get(outputs.of_objects, 0.0), share)
    weights = _WEIGHTS if len(shares) > 1 else dict.fromkeys(shares, 1.0)
    total: Scores = np.sum([weights[kind] * share for kind, share in shares.items()], axis=0)
    removed = [photo for (photo,) in connection.exec_driver_sql(_REMOVED, (folded(term.word),)) if photo < len(total)]
    total[removed] = 0.0
    photos = np.flatnonzero(total)
    return photos, total[photos] * min(each.least for each in asked)


class _Need(NamedTuple):
    """Classes of a model whose score in each photo is needed: the sum over them, or the best of them."""

    table: str
    model: str
    classes: frozenset[int]
    adds_up: bool

    @classmethod
    def of(cls, outputs: ModelOutputs) -> _Need:
        table = "object_scores" if outputs.of_objects else "evidence"
        return cls(table, outputs.model, outputs.classes, outputs.adds_up)

    @classmethod
    def of_doubt(cls, doubt: Doubt) -> tuple[_Need, _Need]:
        """Return those of the wider word and of the word itself."""
        wider, word = (cls("evidence", doubt.model, classes, doubt.adds_up) for classes in (doubt.wider, doubt.classes))
        return wider, word


def _needed(asked: Sequence[ModelOutputs]) -> list[_Need]:
    doubts = chain.from_iterable(_Need.of_doubt(doubt) for outputs in asked for doubt in outputs.doubts)
    return list(dict.fromkeys((*map(_Need.of, asked), *doubts)))


def _read(connection: Connection, needs: Sequence[_Need], photo_ids: Sequence[int] | None) -> dict[_Need, Scores]:
    """Return the scores by row id of the photo, each in its best view; what a model stored is read once."""
    import numpy as np

    size = 1 + (connection.exec_driver_sql("SELECT max(id) FROM photos").scalar() or 0)
    where = f" AND photo_id IN ({', '.join(map(str, photo_ids))})" if photo_ids is not None else ""
    scores = {need: np.zeros(size) for need in needs}
    for table, model in dict.fromkeys((need.table, need.model) for need in needs):
        mine = [need for need in needs if (need.table, need.model) == (table, model)]
        for rows in chunks(connection, _EVIDENCE.format(table) + where, (model,), _AT_A_TIME):
            photos, blobs = zip(*rows, strict=True)
            entries = np.frombuffer(b"".join(blobs), "<u2").reshape(-1, 3)
            owners = np.repeat(photos, np.fromiter(map(len, blobs), np.int64) // _ENTRY_BYTES)
            for need in mine:
                _gather(need, entries, owners, scores[need])
    return scores


def _gather(need: _Need, entries: NDArray[Any], owners: NDArray[np.int64], scores: Scores) -> None:
    """Write the scores of some photos; owners: the photo of each entry."""
    import numpy as np

    is_mine = np.zeros(_CLASSES, bool)
    is_mine[list(need.classes)] = True
    mine = is_mine[entries[:, 1]]
    views, photos = np.unique(owners[mine] * _CLASSES + entries[mine, 0], return_inverse=True)
    totals = np.zeros(len(views))
    gather = np.add if need.adds_up else np.maximum
    gather.at(totals, photos, entries[mine, 2] / 65535)
    np.maximum.at(scores, views // _CLASSES, totals)


def _has_open_end(limits: Sequence[Number]) -> bool:
    return all(limit.low is not None or limit.high is None for limit in limits)


def _asked(query: Query, outputs_of: OutputsOf, low: float) -> Query:
    match query:
        case Term(word) if query.least == 1 and query.most is None:
            outputs = outputs_of(word)
            return replace(query, outputs=outputs) if any(each.least > low for each in outputs) else query
        case And(parts):
            return And(tuple(_asked(part, outputs_of, low) for part in parts))
        case Or(parts):
            return Or(tuple(_asked(part, outputs_of, low) for part in parts))
    return query


def _are_told(texts: Sequence[Text], model: str) -> bool:
    """Return whether one of the texts means a model."""
    return any(tells_of(each, model) for each in texts)


_EVIDENCE = "SELECT photo_id, data FROM {} WHERE model_id = (SELECT id FROM models WHERE name = ?)"
_REMOVED = "SELECT photo_id FROM own_tags JOIN tags ON tags.id = tag_id WHERE wanted = 0 AND folded = ?"
