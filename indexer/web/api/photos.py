"""One photo over HTTP: its details, similar photos, and the user's tags, stars and hiding."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from indexer.errors import ConfigError, PhotoError
from indexer.library.people.people import faces_in, labels
from indexer.library.photo_summary import PhotoSummary, photo_of
from indexer.library.report import details
from indexer.library.similar.similar import vector_of
from indexer.library.user.own_tags import change_words, hide, own_word, rate, said
from indexer.pipeline.explain import explained
from indexer.records.alike import SimilarPhotoRecord, likeness_record
from indexer.records.photo import PhotoRecord, photo_record
from indexer.values.results import DEFAULT_SIMILAR
from indexer.web.api.parameters import Limit, Number
from indexer.web.background import BackgroundOf, classifier_id
from indexer.web.http import cached
from indexer.web.problems import Problem, documented
from indexer.web.site import Site, SiteOf

router = APIRouter(prefix="/api/photos", tags=["photos"])
_MOST_WORDS = 100
_Word = Annotated[str, Field(max_length=1000)]  # also: text that can be written as UTF-8


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class TagsWanted(_Body):
    """Tags to add to a photo, and tags to remove from it, both your own and those of models."""

    add: list[_Word] = Field(default=[], max_length=_MOST_WORDS, examples=[["my dog"]])
    remove: list[_Word] = Field(default=[], max_length=_MOST_WORDS, examples=[["cat"]])


class RatingWanted(_Body):
    """Number of stars, 1 to 5; 0 removes the rating."""

    rating: int = Field(ge=0, le=5, examples=[5])


class HiddenWanted(_Body):
    """Whether a photo is hidden from all searches and lists."""

    hidden: bool


@router.get("/{photo}", summary="Show everything that is known about a photo", responses=documented(304, 404))
def show(photo: Number, site: SiteOf, behind: BackgroundOf, request: Request, response: Response) -> PhotoRecord:
    """Return its metadata, its tags and the reasons for them, its faces and people, and your own changes."""
    cached(request, response, behind.memory.mark(), photo)
    return _record(site, known_photo(site, photo))


@router.get("/{photo}/similar", summary="Find similar photos", responses=documented(404, 410))
def similar(
    photo: Number,
    site: SiteOf,
    behind: BackgroundOf,
    limit: Limit = DEFAULT_SIMILAR,
    min_score: Annotated[
        float, Query(ge=0, le=1, description="Minimum similarity; below 0.5, most photos have little in common.")
    ] = 0.0,
) -> list[SimilarPhotoRecord]:
    """Return the photos that look most similar; a score of 1 means the same picture."""
    card, model = known_photo(site, photo), classifier_id(site)
    vector = vector_of(site.library, model, card.number) or _look(site, card)
    found = behind.look_alikes(model).similar(
        vector, limit=limit, min_score=min_score, but=card.path, mark=behind.memory.mark()
    )
    away = behind.away()
    return [likeness_record(each, away) for each in found]


@router.post("/{photo}/tags", summary="Add tags to a photo, or remove tags from it", responses=documented(404))
def tag(photo: Number, site: SiteOf, wanted: TagsWanted) -> PhotoRecord:
    """Add and remove tags. No scan ever removes a tag that you added, or adds a tag that you removed."""
    card = known_photo(site, photo)
    given, taken = [_word(each) for each in wanted.add], [_word(each) for each in wanted.remove]
    change_words(site.library, card.number, given, taken)
    return _record(site, card)


@router.post("/{photo}/rating", summary="Rate a photo", responses=documented(404))
def set_rating(photo: Number, site: SiteOf, wanted: RatingWanted) -> PhotoRecord:
    """Set a rating of 1 to 5 stars; 0 removes it."""
    card = known_photo(site, photo)
    rate(site.library, wanted.rating, [card.number])
    return _record(site, card)


@router.post("/{photo}/hidden", summary="Hide a photo, or show it again", responses=documented(404))
def set_hidden(photo: Number, site: SiteOf, wanted: HiddenWanted) -> PhotoRecord:
    """Hide a photo from all searches and lists; its file is not changed."""
    card = known_photo(site, photo)
    hide(site.library, [card.number], hidden=wanted.hidden)
    return _record(site, card)


def known_photo(site: Site, number: int) -> PhotoSummary:
    """Return the photo with an id. Errors: Problem (404)."""
    card = photo_of(site.library, number)
    if card is None:
        raise Problem(404, f"There is no photo {number}.")
    return card


def _record(site: Site, card: PhotoSummary) -> PhotoRecord:
    known = details(site.library, card.number)
    if known is None:
        raise Problem(404, f"Photo {card.number} no longer exists.")
    return photo_record(
        known,
        said(site.library, card.number),
        faces_in(site.library, card.number),
        labels(site.library),
        explained(site.library, site.vocabulary, site.config.own_models_path, known),
    )


def _look(site: Site, card: PhotoSummary) -> bytes:
    gone = Problem(410, f"The file of photo {card.number} no longer exists.")
    if card.missing:  # another photo may have its path
        raise gone
    try:
        return site.predictions.vector(card.path)
    except PhotoError as error:
        if not card.path.exists():
            raise gone from error
        raise


def _word(text: str) -> str:
    try:
        return own_word(text)
    except ConfigError as error:
        raise Problem(422, f"A tag {error.reason}.") from error
