"""Config: all settings, merged from defaults, the TOML file, that of the library, INDEXER_* variables and flags."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import Field, dataclass, fields, replace
from pathlib import Path
from typing import Any

from indexer.config.setting import as_text, as_toml, checked, expanded, from_text, path_of, setting
from indexer.errors import ConfigError

_Layer = tuple[str, Path, dict[str, Any]]  # where it comes from, the folder that its paths start from, the values


@dataclass(frozen=True, slots=True)
class Config:
    """All settings of the program; an empty path means the platform's default.

    Thresholds of models are none: those are in the description of each model, models/*.toml.
    """

    library: Path | None = setting(
        None,
        "The library file. Empty: library.sqlite in the platform's data folder (see 'indexer config show').",
    )
    folders: tuple[Path, ...] = setting((), "Folders of photos that 'scan' and 'watch' use if none is given.")
    models_folder: Path | None = setting(None, "Folder of built models. Empty: the platform's cache folder.")
    own_models: Path | None = setting(
        None, "Folder with the descriptions of your own models. Empty: models in the platform's data folder."
    )
    classifier: str = setting(
        "efficientnet-lite0", "Model that gives tags and finds similar photos (see 'indexer models list')."
    )
    object_detector: str = setting(
        "ssd-mobilenetv2-coco",
        "Model that finds and counts people, animals and things (see 'indexer models list'). none: not wanted.",
    )
    extra: tuple[str, ...] = setting(
        (),
        "Additional classifiers and object detectors that analyze every photo ('indexer models enable').",
        of_paths=False,
    )
    only_in: tuple[str, ...] = setting(
        (),
        "Folders to which additional models are confined, as NAME=FOLDER; a model without any analyzes all photos.",
        of_paths=False,
    )
    rules: Path | None = setting(
        None, "Your own rules for tags, instead of models/labels/rules.toml; run 'indexer retag' after a change."
    )
    faces: bool = setting(True, "Recognize faces. false: no face data is ever computed.")
    group_faces: bool = setting(
        True,
        "Group new faces into people after each scan and while watching. false: only when you ask for it.",
    )
    no_faces: tuple[Path, ...] = setting(
        (), "Folders in whose photos faces are never detected; 'indexer faces forget --folder' erases existing ones."
    )
    detector: str = setting("retinaface-mobilenet025", "Model that detects faces.")
    landmarks: str = setting(
        "none", "Model that finds eyes, nose and mouth, if the face detector does not. none: not needed."
    )
    describer: str = setting("dlib-face-resnet", "Model that computes face descriptors.")
    text: bool = setting(
        False, "Read text in pictures (needs the extra packages of [text]), for searches such as text:stop."
    )
    runtime: str = setting(
        "auto",
        "Runtime of the models: litert (CPU only), tensorflow (uses a GPU if there is one), or auto (TensorFlow with a "
        "GPU, otherwise LiteRT).",
        choices=("auto", "litert", "tensorflow"),
    )
    workers: int = setting(0, "Number of worker processes. 0: one per CPU core.", least=0)
    max_megapixels: float = setting(200.0, "Larger pictures are rejected before they are decoded.", least=0.01)
    photo_timeout_seconds: float = setting(
        120.0, "A photo that takes longer to analyze is recorded as failed.", least=1
    )
    photo_memory_mb: int = setting(
        2048, "A photo that needs more memory to decode is recorded as failed (Linux).", least=256
    )
    batch_photos: int = setting(64, "Number of photos stored in one transaction.", least=1)
    batch_seconds: float = setting(2.0, "Maximum time that results wait before they are stored.", least=0)
    settle_seconds: float = setting(
        2.0, "'indexer watch' indexes a file when it has not changed for this time.", least=0
    )
    rescan_minutes: float = setting(
        60.0, "Interval at which 'indexer watch' compares the whole library with the disk. 0: never.", least=0
    )
    poll_seconds: float = setting(
        60.0, "Interval at which 'indexer watch' checks folders whose disk does not report changes.", least=1
    )
    watching: str = setting(
        "auto",
        "How 'indexer watch' detects changes: events (reported by the system), polling, or auto (depends on the disk).",
        choices=("auto", "events", "polling"),
    )
    max_load: float = setting(
        0.0,
        "'indexer watch' pauses while other programs keep the load average above this. 0: never pause.",
        least=0,
    )
    niceness: int = setting(
        10, "How much 'indexer watch' gives way to other programs (nice value): 0 (not at all) to 19.", least=0, most=19
    )
    io_priority: str = setting(
        "idle",
        "Disk priority of 'indexer watch': normal, low, or idle (only when no other program uses the disk; Linux).",
        choices=("normal", "low", "idle"),
    )
    idle_seconds: float = setting(60.0, "Idle time after which 'indexer watch' ends its worker processes.", least=0)
    log: str = setting(
        "lines", "Log format of 'indexer watch': lines, or json (one object per line).", choices=("lines", "json")
    )
    serve_address: str = setting(
        "127.0.0.1", "Address that 'indexer serve' listens on. Any other than localhost needs a password or a token."
    )
    serve_port: int = setting(8710, "Port that 'indexer serve' listens on. 0: any free port.", least=0, most=65535)
    serve_hosts: tuple[str, ...] = setting(
        (), "Additional host names of the server, such as photos.example.org.", of_paths=False
    )
    serve_password: str = setting("", "Hash of the password; 'indexer serve --set-password' sets it.", secret=True)
    serve_token: str = setting("", "Hash of the token for programs; 'indexer serve --new-token' sets it.", secret=True)
    serve_read_only: bool = setting(
        False, "Allow searching and viewing only: nothing can be changed from the page or the API."
    )
    serve_upload_mb: int = setting(64, "Maximum size of a picture sent to the server.", least=1, most=1024)
    thumbnails_folder: Path | None = setting(None, "Folder of thumbnails. Empty: the platform's cache folder.")
    thumbnails_mb: int = setting(2000, "Maximum disk space for all thumbnails together.", least=10)

    @property
    def library_file(self) -> Path:
        """The library file, by default in the platform's data folder."""
        return self.library or _platform("user_data_path") / "library.sqlite"

    @property
    def models_path(self) -> Path:
        """The folder of built models, by default in the platform's own place."""
        return self.models_folder or _platform("user_cache_path") / "models"

    @property
    def own_models_path(self) -> Path:
        """The folder of the descriptions of custom models."""
        return self.own_models or _platform("user_data_path") / "models"

    @property
    def thumbnails_path(self) -> Path:
        """The folder of thumbnails, by default in the platform's own place."""
        return self.thumbnails_folder or _platform("user_cache_path") / "thumbnails"

    @property
    def max_pixels(self) -> int:
        """The maximum size of a decoded picture, in pixels."""
        return int(self.max_megapixels * 1e6)

    @property
    def worker_count(self) -> int:
        """The number of worker processes, at least one."""
        return self.workers or _cores()


@dataclass(frozen=True, slots=True)
class Settings:
    """A Config and the source of each value: 'default', the file, the variable or the flag."""

    config: Config
    origins: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ServiceManager:
    """The requirements of the service manager (systemd) that started the program.

    socket: where it listens, None where there is none.  watchdog_seconds: it ends a program that is silent for longer;
    None: it does not.
    """

    socket: str | None
    watchdog_seconds: float | None


def load(
    file: Path | None = None,
    flags: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] | None = None,
) -> Settings:
    """Read the settings from all layers.

    What stands beside the library (`library_settings`) holds for that library alone.
    file: the TOML file; None: INDEXER_CONFIG, else config.toml in the platform's configuration folder if it exists.
    flags: values given on the command line; None values are not given.
    Errors: ConfigError for an unknown key, a value of the wrong kind, an unreadable file.
    """
    environ = os.environ if environ is None else environ
    first = _file_layer(file, environ)
    last = [
        ("environment", Path(), _environment_layer(environ)),
        ("flag", Path(), {key: value for key, value in (flags or {}).items() if value is not None}),
    ]
    whose = _merged([first, *last]).config.library_file
    return _merged([first, _library_layer(whose), *last])


def library_settings(library: Path) -> Path:
    """Return the path of the settings that hold for one library alone, beside its file."""
    return library.with_name(f"{library.name}.toml")


def folders_in_file(file: Path | None = None) -> dict[str, Path]:
    """Return the setting 'folders' of the settings file alone: each as it is written there, and its path.

    file: as for `load`. Errors: ConfigError.
    """
    _, base, values = _file_layer(file, os.environ)
    return {text: path_of("folders", text, base) for text in values.get("folders", ())}


def example() -> str:
    """Return the text of config.example.toml: every key with what it means and its default."""
    lines = ["# Every setting of indexer with its default. Copy it to the path that 'indexer config show' prints."]
    for name, item in _FIELDS.items():
        lines += ["", f"# {item.metadata['about']}", f"{name} = {as_toml(item.default)}"]
    return "\n".join(lines) + "\n"


def default_file(environ: Mapping[str, str] | None = None) -> Path:
    """Return the path of the settings file when none is given."""
    named = (os.environ if environ is None else environ).get("INDEXER_CONFIG")
    return expanded("INDEXER_CONFIG", named) if named else _platform("user_config_path") / "config.toml"


def service_manager(environ: Mapping[str, str] | None = None) -> ServiceManager:
    """Return the content of NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID, which systemd sets."""
    environ = os.environ if environ is None else environ
    socket = environ.get("NOTIFY_SOCKET", "")
    microseconds = environ.get("WATCHDOG_USEC", "")
    meant = environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
    watched = meant and microseconds.isascii() and microseconds.isdigit() and int(microseconds) > 0
    return ServiceManager(
        socket if socket.startswith(("/", "@")) else None,
        int(microseconds) / 1e6 if watched else None,
    )


def environment(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the settings from INDEXER_* variables, for another process, whose folder may differ."""
    environ = os.environ if environ is None else environ
    given = {key: _checked(key, value, Path()) for key, value in _environment_layer(environ).items()}
    if file := environ.get("INDEXER_CONFIG"):
        given["config"] = path_of("INDEXER_CONFIG", file, Path())
    return {f"INDEXER_{key.upper()}": as_text(value) for key, value in given.items()}


def is_secret(key: str) -> bool:
    """Return whether the value of a setting is never shown."""
    return bool(_FIELDS[key].metadata["secret"])


def _checked(key: str, value: Any, base: Path) -> Any:
    if key not in _FIELDS:
        raise ConfigError(key, f"is not a setting; the settings are {', '.join(_FIELDS)}")
    return checked(_FIELDS[key], value, base)


def _file_layer(file: Path | None, environ: Mapping[str, str]) -> _Layer:
    path = file or default_file(environ)
    named = file is not None or "INDEXER_CONFIG" in environ
    if not named and not path.is_file():
        return str(path), path.parent, {}
    try:
        with path.open("rb") as stream:
            return str(path), path.absolute().parent, tomllib.load(stream)
    except (OSError, ValueError) as error:
        raise ConfigError(str(path), f"cannot be read: {error}") from error


def _merged(layers: Iterable[_Layer]) -> Settings:
    values: dict[str, Any] = {}
    origins: dict[str, str] = dict.fromkeys(_FIELDS, "default")
    for origin, base, layer in layers:
        for key, value in layer.items():
            values[key] = _checked(key, value, base)
            origins[key] = origin
    return Settings(replace(Config(), **values), origins)


def _library_layer(library: Path) -> _Layer:
    path = library_settings(library)
    found = _file_layer(path, {}) if path.is_file() else (str(path), path.parent, {})
    if "library" in found[2]:
        raise ConfigError("library", f"cannot be set in {path}, which is beside a library")
    return found


def _environment_layer(environ: Mapping[str, str]) -> dict[str, Any]:
    given = {key: environ.get(f"INDEXER_{key.upper()}") for key in _FIELDS}
    return {key: from_text(_FIELDS[key].default, text) for key, text in given.items() if text is not None}


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):  # a container may have fewer cores than the machine
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _platform(kind: str) -> Path:
    import platformdirs

    folder: Path = getattr(platformdirs, kind)("indexer", appauthor=False)
    return folder


_FIELDS: dict[str, Field[Any]] = {item.name: item for item in fields(Config)}
