"""Command-line app as a whole: one Typer app, a file per family of commands."""

from __future__ import annotations

from indexer.cli.commands import (
    classify,
    doctor,
    faces,
    folders,
    history,
    people,
    scan,
    search,
    serve,
    similar_faces,
    status,
    tag,
    teach,
    watch,
    xmp,
)
from indexer.cli.commands import config as settings
from indexer.cli.commands import maintenance as look_after
from indexer.cli.commands import show as about
from indexer.cli.commands import similar as alike
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
    about,
    status,
    look_after,
    doctor,
    xmp,
    alike,
    tag,
    teach,
    history,
):
    family.register(app)
app.add_typer(models.app, name="models")
app.add_typer(settings.app, name="config")
app.add_typer(folders.app, name="folders")
app.add_typer(people.app, name="people")
app.add_typer(faces.app, name="faces")
