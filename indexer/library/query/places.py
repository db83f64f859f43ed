"""The values of near: – a place on the sphere, and how far from it a photo was taken at most."""

from __future__ import annotations

from datetime import date
from math import asin, cos, isfinite, radians, sin, sqrt

from indexer.library.query.ast import Near, Query
from indexer.library.query.clause import Sql, in_range
from indexer.library.query.field import InvalidValue, PhotoFacts, SearchField
from indexer.library.query.numbers import finite, plain

_EARTH_KM = 6371.0
_KM_A_DEGREE = 111.0  # a little less than there are, so that no box is too small
_POLES = 85.0  # degrees: nearer to a pole, a box of longitudes says nothing


def parse_place(field: SearchField, value: str, _: date) -> Query:
    """Return the place that 'latitude,longitude,km' means. Raises InvalidValue."""
    parts = value.removesuffix("km").split(",")
    if len(parts) != 3:
        raise InvalidValue(f"{value!r} is not a place; {field.example}")
    latitude, longitude, km = (finite(field, part.strip()) for part in parts)
    if not (abs(latitude) <= 90 and abs(longitude) <= 180 and km >= 0 and isfinite(km)):
        raise InvalidValue(f"{value!r} is not a place on earth; {field.example}")
    return Near(latitude, longitude, km)


def place_text(leaf: Near) -> str:
    """Return a place as it is typed."""
    return f"{plain(leaf.latitude)},{plain(leaf.longitude)},{plain(leaf.km)}"


def place_sql(leaf: Near) -> Sql:
    """Return the condition that a photo was taken near enough; a box, which an index may answer, comes first."""
    north = leaf.km / _KM_A_DEGREE
    pieces = [in_range("photos.latitude", (">=", leaf.latitude - north), ("<=", leaf.latitude + north))]
    farthest = abs(leaf.latitude) + north
    if farthest < _POLES:
        east = north / cos(radians(farthest))
        if abs(leaf.longitude) + east < 180:  # else the box goes over the date line
            pieces.append(in_range("photos.longitude", (">=", leaf.longitude - east), ("<=", leaf.longitude + east)))
    place = (leaf.latitude, leaf.longitude, leaf.km)
    pieces.append(Sql("indexer_km(photos.latitude, photos.longitude, ?, ?) <= ?", place))
    return Sql.joined(" AND ", pieces).inside("(", ")")


def place(photo: PhotoFacts) -> tuple[float | None, float | None] | None:
    """Return latitude and longitude of a photo."""
    said = photo.metadata
    return None if said is None else (said.latitude, said.longitude)


def distance_km(
    latitude: float | None, longitude: float | None, other_latitude: float, other_longitude: float
) -> float | None:
    """Return the way between two places on a sphere of 6371 km (haversine), None where one is not known."""
    if latitude is None or longitude is None:
        return None
    north, other_north = radians(latitude), radians(other_latitude)
    up = sin((other_north - north) / 2) ** 2
    across = cos(north) * cos(other_north) * sin(radians(other_longitude - longitude) / 2) ** 2
    return 2 * _EARTH_KM * asin(min(1.0, sqrt(up + across)))
