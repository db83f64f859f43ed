"""The house of docs/design.md, held: who imports whom, one door for each outside library, nothing heavy at import."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import indexer

PACKAGE = Path(indexer.__file__).parent
MODULES = {  # an installed package holds the migrations, too
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts): path
    for path in sorted(PACKAGE.rglob("*.py"))
    if PACKAGE / "migrations" not in path.parents
}
VOCABULARY = {"advice", "errors", "values", "geometry", "resources", "atomic_write", "subprocess_call"}
ROOMS = {
    "advice": set(),
    "errors": {"advice"},
    "resources": set(),
    "geometry": set(),
    "atomic_write": set(),
    "subprocess_call": {"errors"},
    "values": VOCABULARY,
    "config": VOCABULARY | {"config"},
    "intake": VOCABULARY | {"intake"},
    "vision": VOCABULARY | {"vision"},
    "library": VOCABULARY | {"library"},
    "assemble": VOCABULARY | {"config", "vision", "pipeline"},
    "zoo": VOCABULARY | {"zoo", "vision.spec", "vision.spec_tensors", "vision.model_store", "vision.silence"},
    "pipeline": VOCABULARY | {"intake", "vision", "library", "pipeline"},
    "records": VOCABULARY | {"vision", "library", "pipeline", "records"},
    "web": VOCABULARY | {"config", "assemble", "intake", "vision", "library", "pipeline", "records", "web"},
    "cli": VOCABULARY
    | {"config", "assemble", "intake", "vision", "library", "zoo", "pipeline", "records", "web", "cli"},
}
SECOND_FLOOR = {  # sub-room → the sub-rooms of the same room that it may import
    "cli.service": set(),
    "cli.commands": {"service"},
    "cli.models": {"commands"},
    "intake.walk": set(),
    "intake.watch": set(),
    "intake.xmp": set(),
    "library.db": set(),
    "library.query": {"db"},
    "library.similar": {"db"},
    "library.search": {"db", "query"},
    "library.photo_rows": {"db", "query"},
    "library.checks": {"db", "photo_rows"},
    "library.history": {"db", "query", "photo_rows", "checks"},
    "library.indexing": {"db", "photo_rows", "history", "similar"},
    "library.people": {"db", "query", "similar", "history"},
    "library.user": {"db", "query", "photo_rows", "checks", "history", "people"},
    "pipeline.duplicates": set(),
    "pipeline.workers": {"duplicates"},
    "pipeline.scan": {"workers"},
    "pipeline.daemon": {"workers", "scan"},
    "pipeline.doctor": {"scan"},
    "pipeline.predict": {"workers"},
    "pipeline.models": {"predict"},
    "vision.compare": set(),
    "vision.runtime": set(),
    "vision.tags": set(),
    "vision.faces": {"runtime"},
    "vision.text": {"runtime"},
    "web.security": set(),
    "web.api": set(),
    "web.pages": {"api"},
    "zoo.readers": set(),
    "zoo.vocabulary": set(),
    "zoo.inspect": {"readers"},
    "zoo.architectures": {"readers"},
    "zoo.build": {"readers", "architectures"},
    "zoo.custom": {"architectures", "build", "inspect"},
    "zoo.export": {"build", "custom"},
    "zoo.train": {"readers", "architectures", "build", "custom"},
}
DOORS = {
    "tensorflow": {"zoo", "vision.runtime"},
    "keras": {"zoo", "vision.runtime"},
    "ai_edge_litert": {"zoo", "vision.runtime"},
    "h5py": {"zoo"},
    "PIL": {"intake", "vision.preprocess", "vision.faces.align", "vision.text.crop", "vision.training_chart"},
    "pillow_heif": {"intake"},
    "lxml": {"intake.xmp"},
    "onnxruntime": {"vision.runtime"},
    "sqlalchemy": {"library"},
    "alembic": {"library"},
    "watchdog": {"intake.watch"},
    "pathspec": {"intake.ignore"},
    "psutil": {"intake.mounts", "pipeline"},
    "pebble": {"pipeline.workers"},
    "typer": {"cli"},
    "rich": {"cli"},
    "platformdirs": {"config"},
    "tomlkit": {"cli"},
    "fastapi": {"web"},
    "starlette": {"web"},
    "uvicorn": {"web", "cli.commands.serve"},
    "jinja2": {"web"},
}


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}: relative import"
            yield node.module
            if node.module == "indexer":
                yield from (f"indexer.{alias.name}" for alias in node.names)


def _inside(name: str, places: set[str]) -> bool:
    return any(name == place or name.startswith(f"{place}.") for place in places)


@pytest.mark.parametrize("module", [name for name in MODULES if name.split(".")[1:2] and name.split(".")[1] in ROOMS])
def test_a_room_imports_only_the_rooms_below_it(module: str) -> None:
    allowed = ROOMS[module.split(".")[1]]
    for name in _imports(MODULES[module]):
        if name.startswith("indexer."):
            assert _inside(name.removeprefix("indexer."), allowed), f"{module} imports {name}"


def _floor(name: str) -> str:
    """Return the sub-room of a module, or the module itself where it lies in no sub-room of its room."""
    return ".".join(name.split(".")[1:3])


def _second_floor() -> dict[str, set[str]]:
    """Return what of its own room each sub-room, and each module beside the sub-rooms, imports."""
    graph: dict[str, set[str]] = {_floor(name): set() for name in MODULES if name.count(".") > 1}
    for name, path in MODULES.items():
        for each in _imports(path):
            mine, theirs = _floor(name), _floor(each)
            if each in MODULES and theirs in graph and mine != theirs and mine.split(".")[0] == theirs.split(".")[0]:
                graph[mine].add(theirs)
    return graph


@pytest.mark.parametrize("room", sorted(SECOND_FLOOR))
def test_a_sub_room_imports_only_the_sub_rooms_below_it(room: str) -> None:
    found = {each.split(".")[1] for each in _second_floor()[room] if each in SECOND_FLOOR}
    assert found <= SECOND_FLOOR[room]


def test_every_sub_room_is_in_the_table() -> None:
    parts = [path.relative_to(PACKAGE).parts for path in MODULES.values()]
    packages = {".".join(each[:2]) for each in parts if len(each) > 2}
    assert packages == set(SECOND_FLOOR)


def test_no_arrow_on_the_second_floor_points_back() -> None:
    graph = _second_floor()
    while leaves := [room for room, needed in graph.items() if not needed & graph.keys()]:
        for room in leaves:
            del graph[room]
    assert not graph, f"in a circle, or above one: {sorted(graph)}"


def test_every_module_has_its_room() -> None:
    rooms = {name.split(".")[1] for name in MODULES if "." in name}
    assert rooms - set(ROOMS) <= {"__main__", "__init__"}


@pytest.mark.parametrize("library", sorted(DOORS))
def test_an_outside_library_has_one_door(library: str) -> None:
    for module, path in MODULES.items():
        if any(name.split(".")[0] == library for name in _imports(path)):
            assert _inside(module.removeprefix("indexer."), DOORS[library]), f"{module} imports {library}"


def test_only_config_reads_the_environment() -> None:
    readers = {name for name, path in MODULES.items() if re.search(r"\b(environ|getenv)\b", path.read_text())}
    assert readers <= {"indexer.config.config", "indexer.zoo.__main__"}


@pytest.mark.parametrize("arguments", [["--help"], ["search", "--keyword", "dog"]], ids=["help", "search"])
def test_light_commands_load_nothing_heavy(arguments: list[str], tmp_path: Path) -> None:
    script = (
        "import sys; from indexer.__main__ import main; sys.argv[1:] = sys.argv[1:]\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'tensorflow', 'keras', 'ai_edge_litert', 'PIL', 'pebble', 'alembic'} & set(sys.modules)\n"
        "print('heavy', sorted(heavy))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={"INDEXER_LIBRARY": str(tmp_path / "none.sqlite"), "HOME": str(tmp_path), "PATH": ""},
        check=True,
    )
    assert done.stdout.endswith("heavy []\n")


def test_importing_the_package_loads_nothing_heavy() -> None:
    script = "import indexer, sys; print({'tensorflow', 'numpy', 'sqlalchemy', 'PIL'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_no_import_goes_in_a_circle() -> None:
    # indexer itself only names its parts; whoever runs what imports nothing of it.
    graph = {
        name: {each for each in _imports(path) if each in MODULES and each != "indexer"}
        for name, path in MODULES.items()
    }
    while leaves := [name for name, needed in graph.items() if not needed & graph.keys()]:
        for name in leaves:
            del graph[name]
    assert not graph, f"in a circle, or above one: {sorted(graph)}"
