"""The service manager's side of a daemon: settings flow in, a systemd unit or datagrams to the manager flow out."""

from __future__ import annotations

import socket
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from time import CLOCK_MONOTONIC, clock_gettime_ns

from indexer.cli.present import visible
from indexer.config import Config
from indexer.errors import ConfigError, printable

_IO_CLASSES = {
    "idle": ["IOSchedulingClass=idle"],
    "low": ["IOSchedulingClass=best-effort", "IOSchedulingPriority=7"],
    "normal": [],
}
_DAEMON_MB = 1024  # beside what its workers may take for the photos
_TEMPORARY = (Path("/tmp"), Path("/var/tmp"))  # noqa: S108 (compared with, not written to)
_UNIT = """\
# Save as ~/.config/systemd/user/indexer.service, then: systemctl --user enable --now indexer
# To let it run while you are not logged in: loginctl enable-linger
[Unit]
Description=indexer watches folders of photos

[Service]
Type=notify
NotifyAccess=main
{environment}ExecStart={start}
ExecReload=/bin/kill -HUP $MAINPID
Restart=on-failure
RestartSec=30s
RestartPreventExitStatus=2
SuccessExitStatus=7 130
TimeoutStartSec=15min
TimeoutStopSec=20s
WatchdogSec=2min
KillMode=mixed
UMask=0077
LimitCORE=0

# Everything else on this machine comes first.
Nice={nice}
{io}OOMScoreAdjust=300
OOMPolicy=continue
MemoryHigh={memory}M

# No network, no new rights.
NoNewPrivileges=yes
RestrictAddressFamilies=AF_UNIX
RestrictRealtime=yes
RestrictSUIDSGID=yes
RestrictNamespaces=yes
LockPersonality=yes
KeyringMode=private
SystemCallArchitectures=native
SystemCallFilter=@system-service

# It reads everything and writes its own files alone. A system that gives its users no namespaces refuses this
# (status=217/USER or 226/NAMESPACE): then delete the lines from here to [Install].
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


def unit(
    command: Sequence[str],
    environment: Mapping[str, str],
    library: Path,
    cache: Path,
    folders: Sequence[Path],
    config: Config,
) -> str:
    """Return a systemd user unit that runs a daemon: lowly, without network, writing to its own folders only.

    command: the program and its arguments.  environment: variables that it is to have.  library: its file; all of its
    folder may be written to, SQLite wants it.  cache: the folder of the built networks; it and the library's folder
    must exist when the service starts.  folders: of photos, only read.
    Errors: ConfigError for a path that a unit cannot name.
    """
    homes = sorted({library.absolute().parent, cache.absolute()})
    # What lies in /tmp would be hidden by a /tmp of the service's own.
    seen = (Path(command[0]), *homes, *folders)
    shared = any(place.absolute().is_relative_to(each) for place in seen for each in _TEMPORARY)
    return _UNIT.format(
        start=" ".join([":" + _argument(command[0]), *map(_argument, command[1:])]),
        environment="".join(f"Environment={_argument(f'{key}={value}')}\n" for key, value in environment.items()),
        nice=config.niceness,
        io="".join(f"{line}\n" for line in _IO_CLASSES[config.io_priority]),
        memory=_DAEMON_MB + config.worker_count * config.photo_memory_mb,
        writable=" ".join(_place(home) for home in [*homes, *(_TEMPORARY if shared else ())]),
        private_tmp="no" if shared else "yes",
    )


class Notifier:
    """Tells the service manager how the daemon is (sd_notify); silent where there is none."""

    def __init__(self, address: str | None) -> None:
        self._address = "\0" + address[1:] if address and address.startswith("@") else address

    def ready(self) -> None:
        """Say that the daemon works, after a start or a reload."""
        self._send("READY=1")

    def reloading(self) -> None:
        """Say that the settings are being read again; `ready` says that it is done."""
        self._send(f"RELOADING=1\nMONOTONIC_USEC={clock_gettime_ns(CLOCK_MONOTONIC) // 1000}")

    def stopping(self) -> None:
        """Say that the daemon is about to end."""
        self._send("STOPPING=1")

    def status(self, text: str) -> None:
        """Say in a line what the daemon does, for `systemctl status`."""
        self._send("STATUS=" + " ".join(printable(text).split()))

    def alive(self) -> None:
        """Say that the daemon has not got stuck; due well within the manager's watchdog time."""
        self._send("WATCHDOG=1")

    def _send(self, text: str) -> None:
        if self._address is None:
            return
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as speaker:
            speaker.setblocking(False)  # a manager that does not listen stops nobody
            speaker.sendto(text.encode(), self._address)


def _argument(text: str) -> str:
    """Quote an argument of a command line; '%' is doubled, and ':' before the program saves the '$'."""
    try:
        text.encode()
    except UnicodeEncodeError as error:  # systemd would take it, but could never show the service again
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
    return ConfigError(visible(printable(text)), "a systemd unit cannot name this; give it a plainer name")
