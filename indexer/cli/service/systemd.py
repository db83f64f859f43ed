"""systemd units for commands that run as a service."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from indexer.cli.output import visible
from indexer.config.config import Config
from indexer.errors import ConfigError, printable

_IO_CLASSES = {
    "idle": ["IOSchedulingClass=idle"],
    "low": ["IOSchedulingClass=best-effort", "IOSchedulingPriority=7"],
    "normal": [],
}
_DAEMON_MB = 1024  # in addition to the workers' memory for photos
_TEMPORARY = (Path("/tmp"), Path("/var/tmp"))  # noqa: S108 (compared with, not written to)
_UNIT = """\
# Save as ~/.config/systemd/user/{name}.service, then: systemctl --user enable --now {name}
# To keep it running while you are not logged in: loginctl enable-linger
[Unit]
Description={about}

[Service]
Type=notify
NotifyAccess=main
{environment}ExecStart={start}
{reload}Restart=on-failure
RestartSec=30s
RestartPreventExitStatus=2
SuccessExitStatus=7 130
TimeoutStartSec=15min
TimeoutStopSec=20s
WatchdogSec=2min
KillMode=mixed
UMask=0077
LimitCORE=0

{manners}OOMScoreAdjust=300
OOMPolicy=continue
MemoryHigh={memory}M

# {network}, no new rights.
NoNewPrivileges=yes
RestrictAddressFamilies={families}
RestrictRealtime=yes
RestrictSUIDSGID=yes
RestrictNamespaces=yes
LockPersonality=yes
KeyringMode=private
SystemCallArchitectures=native
SystemCallFilter=@system-service

# It may read everything but write only its own files. Systems without user namespaces refuse this
# (status=217/USER or 226/NAMESPACE): in that case delete the lines from here to [Install].
PrivateUsers=yes
CapabilityBoundingSet=
ProtectSystem=strict
ProtectHome=read-only
ReadWritePaths={writable}
PrivateTmp={private_tmp}
ProtectControlGroups=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes

[Install]
WantedBy=default.target
"""


@dataclass(frozen=True, slots=True)
class Service:
    """A command that runs as a service.

    is_modest: whether everything else on the machine has priority.  families: of the sockets that it may open.
    """

    name: str
    about: str
    is_reloadable: bool
    is_modest: bool
    network: str
    families: str


WATCH = Service("indexer", "indexer watches folders of photos", True, True, "No network", "AF_UNIX")
SERVE = Service(
    "indexer-serve",
    "indexer shows photos in a browser",
    False,
    False,
    "The network, to answer",
    "AF_UNIX AF_INET AF_INET6",
)


def program() -> list[str]:
    """Return the command that started this program, without its arguments, for a service to do the same."""
    own = Path(sys.argv[0])
    is_module = own.name == "__main__.py" or not own.is_file()
    return [sys.executable, "-m", "indexer"] if is_module else [str(own.absolute())]


def flagged(flags: Mapping[str, object]) -> list[str]:
    """Return flags as arguments, paths absolute; what is None or False is left out, True has no value."""
    arguments: list[str] = []
    for flag, value in flags.items():
        if value is not None and value is not False:
            text = str(value.absolute() if isinstance(value, Path) else value)
            arguments += [flag] if value is True else [flag, text]
    return arguments


def unit(
    command: Sequence[str],
    environment: Mapping[str, str],
    library: Path,
    cache: Path,
    folders: Sequence[Path],
    config: Config,
    service: Service = WATCH,
    more: Sequence[Path] = (),
) -> str:
    """Return a systemd user unit that runs a service that may write to its own folders only.

    command: the program and its arguments.  environment: its variables.  library: its file; all of its
    folder may be written to, SQLite wants it.  cache: the folder of the built models; it and the library's folder
    must exist when the service starts.  folders: of photos, only read.
    more: further folders that it may write to.
    Errors: ConfigError for a path that a unit cannot name.
    """
    homes = sorted({library.absolute().parent, cache.absolute(), *(each.absolute() for each in more)})
    # What lies in /tmp would be hidden by a /tmp of the service's own.
    seen = (Path(command[0]), *homes, *folders)
    shared = any(place.absolute().is_relative_to(each) for place in seen for each in _TEMPORARY)
    return _UNIT.format(
        start=" ".join([":" + _argument(command[0]), *map(_argument, command[1:])]),
        environment="".join(f"Environment={_argument(f'{key}={value}')}\n" for key, value in environment.items()),
        name=service.name,
        about=service.about,
        reload="ExecReload=/bin/kill -HUP $MAINPID\n" if service.is_reloadable else "",
        network=service.network,
        families=service.families,
        manners=_manners(config) if service.is_modest else "",
        memory=_DAEMON_MB + config.worker_count * config.photo_memory_mb,
        writable=" ".join(_place(home) for home in [*homes, *(_TEMPORARY if shared else ())]),
        private_tmp="no" if shared else "yes",
    )


def _manners(config: Config) -> str:
    lines = [f"Nice={config.niceness}", *_IO_CLASSES[config.io_priority]]
    return "".join(f"{line}\n" for line in ["# Give way to everything else on this computer.", *lines])


def _argument(text: str) -> str:
    """Quote an argument of a command line; '%' is doubled, and ':' before the program saves the '$'."""
    try:
        text.encode()
    except UnicodeEncodeError as error:  # systemd would accept it, but could never show the service again
        raise _unnameable(text) from error
    return f'"{"".join(map(_escaped, text))}"'


def _escaped(each: str) -> str:
    if not each.isprintable():
        return "".join(f"\\x{byte:02x}" for byte in each.encode())
    return {"%": "%%", '"': '\\"', "\\": "\\\\"}.get(each, each)


def _place(path: Path) -> str:
    """Quote a path of a list of paths, where systemd knows no \\x; '-': one that is missing is no error."""
    if not str(path).isprintable():
        raise _unnameable(str(path))
    return f'"-{"".join(map(_escaped, str(path)))}"'


def _unnameable(text: str) -> ConfigError:
    return ConfigError(visible(printable(text)), "a systemd unit cannot contain this name; use a simpler one")
