#!/usr/bin/env bash
# bindfs: two photos of two disks are "the same file", and cp refuses to copy one over the other
#
# Package:  bindfs 1.14.7-1 (Debian), with cp of coreutils and shutil of Python
# Behavior: bindfs shows all that lies below its folder as one device, but passes the inode numbers of the files on as they
#           are. Where that folder has several disks in it, different files so have equal device and inode numbers (two
#           disks that were filled in the same order: nearly all of them). The link count stays 1, so programs that look
#           for hard links by it (tar, du) notice nothing; programs that compare the numbers do: os.path.samefile is true
#           for two photos with different bytes, cp and shutil.copy refuse to replace one by the other, and
#           whoever remembers visited folders by these numbers (as is the usual guard against loops of links) leaves out
#           every folder but the first.
# Output:   photo of a: device 41, inode 2, links 1       (the device varies)
#           photo of b: device 41, inode 2, links 1
#           same bytes: False; samefile: True
#           shutil.copy: SameFileError
#           cp: exit code 1
# Seen:     2026-11-30
# Needs:    /dev/fuse, unshare (util-linux) and the right to make a user namespace, or to be root.
set -euo pipefail

version=$(dpkg-query --show --showformat='${Version}' bindfs 2>/dev/null || true)
if [ "$version" != 1.14.7-1 ]; then
    echo "this is about bindfs 1.14.7-1; here is '${version:-none}': apt-get install bindfs=1.14.7-1" >&2
    exit 2
fi
folder=$(mktemp -d)
trap 'rm -rf --one-file-system "$folder"' EXIT

cat >"$folder/look.py" <<'PYTHON'
import os
import shutil
import subprocess
import sys

a, b = (f"{sys.argv[1]}/{disk}/1.jpg" for disk in "ab")
for disk, path in zip("ab", (a, b)):
    stat = os.stat(path)
    print(f"photo of {disk}: device {stat.st_dev}, inode {stat.st_ino}, links {stat.st_nlink}")
alike = open(a, "rb").read() == open(b, "rb").read()
same = os.path.samefile(a, b)
print(f"same bytes: {alike}; samefile: {same}")
try:
    shutil.copy(a, b)
    error = "copied"
except shutil.SameFileError as refused:
    error = type(refused).__name__
print(f"shutil.copy: {error}")
code = subprocess.run(["cp", a, b], stderr=subprocess.DEVNULL).returncode
print(f"cp: exit code {code}")
sys.exit((alike, same, error, code) != (False, True, "SameFileError", 1))
PYTHON
cat >"$folder/mounted.sh" <<'BASH'
set -euo pipefail
cd "$1"
mkdir disks seen
for disk in a b; do
    mkdir "disks/$disk"
    mount -t tmpfs none "disks/$disk"
    echo "the photo of disk $disk" >"disks/$disk/1.jpg"
done
bindfs disks seen
trap 'umount seen' EXIT
python3 look.py seen
BASH
unshare --mount --map-root-user bash "$folder/mounted.sh" "$folder"
