"""The command line as a whole: one Typer app, a file per family of commands."""

from __future__ import annotations

from indexer.cli import (
    about,
    alike,
    classify,
    doctor,
    duty,
    faces,
    folders,
    history,
    look_after,
    models,
    people,
    scan,
    search,
    serve,
    settings,
    similar_faces,
    status,
    tag,
    teach,
    watch,
    xmp,
)
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
    duty,
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
