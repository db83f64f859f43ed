"""Less sure matches: the scores of words below their thresholds, from what models stored of every photo."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from indexer.library.db.engine import chunks
from indexer.library.query.ast import And, Not, Number, Or, Query, Term, Text, folded, leaves, split_scores
from indexer.library.query.texts import tells_of
from indexer.values.outputs import ModelOutputs

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

OutputsOf = Callable[[str], tuple[ModelOutputs, ...]]
_AT_A_TIME = 16 * 1024
_CLASSES = 65_536  # evidence stores the number of a class in 16 bits
_WEIGHT_OF_OBJECTS = 0.7  # the rest is a classifier's
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
    lowest = min((each.least for each in asked), default=0.0)
    where = f" AND photo_id IN ({', '.join(map(str, photo_ids))})" if photo_ids is not None else ""
    of_kind: dict[bool, dict[int, float]] = {}
    for outputs in asked:
        shares = of_kind.setdefault(outputs.of_objects, {})
        for photo, score in _scores(connection, outputs, where).items():
            shares[photo] = max(shares.get(photo, 0.0), min(score / outputs.least, _JUST_BELOW))
    weights = {True: _WEIGHT_OF_OBJECTS, False: 1 - _WEIGHT_OF_OBJECTS}
    found: defaultdict[int, float] = defaultdict(float)
    for kind, shares in of_kind.items():
        for photo, share in shares.items():
            found[photo] += (weights[kind] if len(of_kind) > 1 else 1.0) * share * lowest
    for (photo,) in connection.exec_driver_sql(_REMOVED, (folded(term.word),)):
        found.pop(photo, None)
    photos = np.array(sorted(found), np.int64)
    return photos, np.array([found[photo] for photo in photos.tolist()], np.float64)


def _scores(connection: Connection, outputs: ModelOutputs, where: str) -> dict[int, float]:
    table = "object_scores" if outputs.of_objects else "evidence"
    found = _of_classes(connection, table, outputs.model, outputs.classes, outputs.adds_up, where)
    for doubt in outputs.doubts if found else ():
        wider = _of_classes(connection, "evidence", doubt.model, doubt.wider, doubt.adds_up, where)
        word = _of_classes(connection, "evidence", doubt.model, doubt.classes, doubt.adds_up, where)
        for photo, score in wider.items():
            if score >= doubt.sure and word.get(photo, 0.0) < doubt.share * score:
                found.pop(photo, None)
    return found


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


def _of_classes(
    connection: Connection, table: str, model: str, classes: frozenset[int], adds_up: bool, where: str
) -> dict[int, float]:
    """Return the score of a word in the best view of each photo: the sum over its classes, or the best of them."""
    import numpy as np

    is_mine = np.zeros(_CLASSES, bool)
    is_mine[list(classes)] = True
    found: dict[int, float] = {}
    for rows in chunks(connection, _EVIDENCE.format(table) + where, (model,), _AT_A_TIME):
        entries = np.frombuffer(b"".join(row[1] for row in rows), "<u2").reshape(-1, 3)
        owners = np.repeat(np.arange(len(rows)), [len(row[1]) // 6 for row in rows])
        mine = is_mine[entries[:, 1]]
        views, scores = entries[mine, 0].astype(np.int64), entries[mine, 2] / 65535
        width = int(views.max(initial=0)) + 1
        totals = np.zeros(len(rows) * width)
        gather = np.add if adds_up else np.maximum
        gather.at(totals, owners[mine] * width + views, scores)
        best = totals.reshape(len(rows), width).max(axis=1)
        given = np.flatnonzero(best)
        found.update(zip((rows[place][0] for place in given.tolist()), best[given].tolist(), strict=True))
    return found


_EVIDENCE = "SELECT photo_id, data FROM {} WHERE model_id = (SELECT id FROM models WHERE name = ?)"
_REMOVED = "SELECT photo_id FROM own_tags JOIN tags ON tags.id = tag_id WHERE wanted = 0 AND folded = ?"
