#!/usr/bin/env bash
# watchdog: where one folder is bind-mounted to another below a watched tree, its events name a path nothing happened at
#
# Package:  watchdog 7.1.0 (PyPI), Linux, inotify
# Behavior: of one recursive watch on a tree in which "other" is a bind mount of "own", every event of either folder comes
#           under one of the two names only: that of the folder that was added last, in the order of the disk. inotify
#           has one watch for one inode, so the second add_watch returns the first one's number and its name replaces the
#           first. A photo written to own/ is told of as other/photo.jpg; nothing is told of own/. After the bind mount
#           is gone the watch lives on, and events keep naming a path below other/ that does not exist, for as long as the
#           observer runs. So a program that compares just the path it was told of misses the photo. No event or
#           error tells of it (a RuntimeWarning says that a callback "will be Overwritten").
# Output:   wrote own/1.jpg while mounted:    told of other/1.jpg only
#           wrote own/2.jpg after unmounting: told of other/2.jpg only, which does not exist
#           (and, for the trees in which own/ was added last, the same two lines with own/, which exists)
# Seen:     2026-11-30
# Needs:    unshare (util-linux) and the right to make a user namespace, or to be root.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf --one-file-system "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check watchdog==7.1.0

cat >"$folder/watch.py" <<'PYTHON'
import subprocess
import sys
import time
import warnings
from pathlib import Path

from watchdog.events import FileSystemEventHandler
from watchdog.observers import Observer

warnings.simplefilter("ignore", RuntimeWarning)


class Told(FileSystemEventHandler):
    def __init__(self):
        self.paths = []

    def on_any_event(self, event):
        if not event.is_directory:
            self.paths.append(event.src_path)


def write(told, tree, name):
    """Write a photo; return the names that events give it, relative to the tree."""
    told.paths.clear()
    (tree / name).write_bytes(b"a photo")
    end = time.monotonic() + 10
    while not told.paths and time.monotonic() < end:
        time.sleep(0.1)
    time.sleep(0.5)
    return {str(Path(path).relative_to(tree)) for path in told.paths}


def try_it(tree, own, other, made):
    """Tell what is seen where `other` is a bind mount of `own`: while it is mounted, and after."""
    for name in made:
        (tree / name).mkdir(parents=True)
    subprocess.run(["mount", "--bind", tree / own, tree / other], check=True)
    told, observer = Told(), Observer()
    observer.schedule(told, str(tree), recursive=True)
    observer.start()
    time.sleep(0.5)
    mounted = write(told, tree, f"{own}/1.jpg")
    subprocess.run(["umount", tree / other], check=True)
    unmounted = write(told, tree, f"{own}/2.jpg")
    observer.stop()
    observer.join()
    return mounted, unmounted


# Which of two folders is added last is up to the order of the disk: by name, by age, or by neither.
results = {}
for number, (own, other, made) in enumerate((("a", "b", "ab"), ("a", "b", "ba"), ("b", "a", "ab"), ("b", "a", "ba"))):
    tree = Path(sys.argv[1], str(number))
    mounted, unmounted = try_it(tree, own, other, made)
    exist = any((tree / name).exists() for name in unmounted)
    say = lambda names: ", ".join(sorted(names)).replace(f"{own}/", "own/").replace(f"{other}/", "other/")
    results[say(mounted), say(unmounted), exist] = None
for mounted, unmounted, exist in sorted(results):
    print(f"wrote own/1.jpg while mounted:    told of {mounted} only")
    print(f"wrote own/2.jpg after unmounting: told of {unmounted} only, which {'exists' if exist else 'does not exist'}")
sys.exit(("other/1.jpg", "other/2.jpg", False) not in results)
PYTHON
unshare --mount --map-root-user "$folder/venv/bin/python" "$folder/watch.py" "$folder/trees"
