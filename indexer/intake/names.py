"""File and folder names: which may be photos, and which are junk. Nothing here touches the disk.

A name excludes only what is certainly no photo. What a user excludes is in `ignore`.
"""

from __future__ import annotations

import os

_PICTURES = """
    .jpg .jpeg .jpe .jfif .mpo .png .apng .webp .tif .tiff .gif .bmp .dib .avif .avifs .heic .heics .heif
    .heifs .hif .jp2 .j2k .jpf .jpx .pbm .pgm .ppm .pnm .pfm .psd .tga .ico .jxl
"""
_CAMERA_RAW = """
    .3fr .arw .cr2 .cr3 .crw .dcr .dng .erf .iiq .kdc .mef .mos .mrw .nef .nrw .orf .pef .raf .raw .rw2 .rwl
    .sr2 .srf .srw .x3f
"""
_FILM_AND_SOUND = """
    .3gp .aac .aiff .avi .flac .flv .insv .lrv .m2ts .m4a .m4v .mkv .mov .mp3 .mp4 .mpeg .mpg .mts .ogg .ogv
    .opus .ts .wav .webm .wma .wmv
"""
_BESIDE_PHOTOS = ".aae .cos .cop .dop .exif .gpx .ind .lrcat .lrprev .on1 .pp3 .thm .xmp"
_DOCUMENTS = """
    .ai .cdr .css .csv .doc .docx .eps .epub .htm .html .ini .js .json .jsonl .kml .log .md .odp .ods .odt
    .pdf .ppt .pptx .ps .py .rtf .sh .srt .svg .svgz .sql .tex .toml .tsv .txt .xcf .xls .xlsx .xml .yaml .yml
"""
_PROGRAMS_AND_PARTS = """
    .7z .apk .bak .bat .bin .bz2 .crdownload .dat .db .dll .dmg .download .exe .gz .iso .jar .lnk
    .lock .new .nfo .part .partial .paused .rar .sqlite .sqlite3 .swp .tar .tgz .tmp .torrent .ttf .url .woff .woff2
    .xz .zip .zst
"""

RAW_SUFFIXES = frozenset(_CAMERA_RAW.split())
"""Camera makers' own formats; several look like TIFF inside."""

PHOTO_SUFFIXES = RAW_SUFFIXES | frozenset(_PICTURES.split())
"""What promises a photo: a file of this name that cannot be read is a failure, not a stranger."""

OTHER_SUFFIXES = frozenset((_FILM_AND_SOUND + _BESIDE_PHOTOS + _DOCUMENTS + _PROGRAMS_AND_PARTS).split())
"""What is surely no photo and never opened."""

_OTHER_ENDINGS = ("~", "-wal", "-shm", "-journal")  # backups of editors, what SQLite keeps beside a database

JUNK_FOLDERS = {
    "@eadir": "Synology DSM: thumbnails and extended attributes",
    "@tmp": "Synology DSM: files on their way",
    "#recycle": "Synology DSM: deleted files",
    "#snapshot": "Synology DSM: older states of the folder",
    "@recycle": "QNAP: deleted files",
    "@recently-snapshot": "QNAP: older states of the folder",
    "trashbox": "Buffalo: deleted files",
    "$recycle.bin": "Windows: deleted files",
    "recycler": "Windows XP: deleted files",
    "system volume information": "Windows: restore points",
    "found.000": "Windows: pieces of files that chkdsk found",
    "lost.dir": "Android: pieces of files that a check of the card found",
    "lost+found": "ext2, ext3, ext4: pieces of files that fsck found",
    "network trash folder": "macOS: deleted files of a network disk",
    "temporary items": "macOS: files on their way to a network disk",
    "__macosx": "macOS: resource forks in archives",
    "ipod photo cache": "iTunes: small copies for an iPod",
    "captureone": "Capture One: previews and settings of a session",
    "files_trashbin": "Nextcloud, ownCloud: deleted files",
    "files_versions": "Nextcloud, ownCloud: older states of files",
}
"""Folders that a NAS or a program makes for itself, by their names in small letters, and who makes them."""

JUNK_BEGINNINGS = {
    ".": "hidden: .Trash-1000, .thumbnails, .stversions, .zfs, .@__thumb and whatever else wants not to be seen",
    "appdata_": "Nextcloud: previews",
    "~": "NetApp: ~snapshot",
}
"""How the names of such folders begin."""

JUNK_ENDINGS = {
    ".lrdata": "Lightroom Classic: previews",
    ".lrcat-data": "Lightroom Classic: masks",
    ".cocatalogdb": "Capture One: previews and a database",
    ".imovielibrary": "iMovie",
    ".fcpbundle": "Final Cut Pro",
}
"""How the names of such folders end."""

_APPLE_PHOTOS = (".photoslibrary", ".photolibrary", ".aplibrary", ".migratedphotolibrary")
_APPLE_ORIGINALS = {"originals", "masters"}  # the rest of such a folder is smaller copies and databases
_BEGINNINGS, _ENDINGS = tuple(JUNK_BEGINNINGS), tuple(JUNK_ENDINGS)


def is_junk_folder(name: str, parent: str = "") -> bool:
    """Return whether a folder is hidden, or made by a NAS or a photo program for itself."""
    small = name.lower()
    if parent.lower().endswith(_APPLE_PHOTOS):
        return small not in _APPLE_ORIGINALS
    return small in JUNK_FOLDERS or small.startswith(_BEGINNINGS) or small.endswith(_ENDINGS)


def may_be_photo(name: str) -> bool:
    """Return whether a file is worth opening: not hidden, no backup or half a copy, not known to be something else."""
    return not name.startswith((".", "~")) and not name.endswith(_OTHER_ENDINGS) and suffix(name) not in OTHER_SUFFIXES


def names_photo(name: str) -> bool:
    """Return whether a name has a photo's extension."""
    return suffix(name) in PHOTO_SUFFIXES


def suffix(name: str) -> str:
    """Return the extension in lower case with its dot, or ''."""
    return os.path.splitext(name)[1].lower()  # noqa: PTH122 - many times faster than Path.suffix
