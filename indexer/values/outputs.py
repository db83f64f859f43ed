"""The outputs of a model that stand for a word."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Doubt:
    """What a classifier says against a word: that it is sure of something wider, and gives the word no part of that.

    model: its id.  classes, wider: the indexes of the classes of the word, and of the wider one.
    sure: the score of the wider word from which on it is asked.  share: of that score, what the word must have.
    """

    model: str
    classes: frozenset[int]
    wider: frozenset[int]
    adds_up: bool
    sure: float
    share: float


@dataclass(frozen=True, slots=True)
class ModelOutputs:
    """The classes of one model that stand for a word, and what its stored scores mean.

    model: its id.  classes: their indexes.  least: the score, 0..1, from which on a photo has the word as a tag.
    adds_up: the classes exclude each other, so that the score of the word is the sum over them, else the best.
    of_objects: the model is an object detector.  doubts: where what it finds is not believed.
    """

    model: str
    classes: frozenset[int]
    least: float
    adds_up: bool = True
    of_objects: bool = False
    doubts: tuple[Doubt, ...] = ()
