"""Command-line app as a whole: one Typer app, a file per family of commands."""

from __future__ import annotations

from indexer.cli.commands import (
    classify,
    config,
    doctor,
    faces,
    folders,
    history,
    people,
    prune,
    relocate,
    retag,
    scan,
    search,
    serve,
    show,
    similar,
    similar_faces,
    status,
    tag,
    teach,
    watch,
    xmp,
)
from indexer.cli.models import models
from indexer.cli.root import new_app

app = new_app()
for family in (
    scan,
    watch,
    serve,
    search,
    similar_faces,
    classify,
    show,
    status,
    retag,
    prune,
    relocate,
    doctor,
    xmp,
    similar,
    tag,
    teach,
    history,
):
    family.register(app)
app.add_typer(models.app, name="models")
app.add_typer(config.app, name="config")
app.add_typer(folders.app, name="folders")
app.add_typer(people.app, name="people")
app.add_typer(faces.app, name="faces")
