#!/usr/bin/env bash
# Pillow: getexif() reports an Orientation for a JPEG without any EXIF, and turns a photo that OpenCV does not
#
# Package:  Pillow 13.0.0, opencv-python-headless 5.0.0.93, ExifRead 3.5.1 (PyPI)
# Behavior: where a picture has no EXIF Orientation but XMP with tiff:Orientation, Image.getexif() makes up an EXIF tag
#           274 from it, so that the "EXIF" of a file without an EXIF segment is {274: 6} (while info has no "exif"), and
#           ImageOps.exif_transpose turns the picture. Decoders that read EXIF itself (OpenCV turns by it, too) leave the
#           picture as it lies. An Orientation 1 in EXIF wins over XMP, so a program that
#           "normalizes" EXIF changes what Pillow shows. Hashes of pixels, face boxes and thumbnails made with the two
#           decoders do not fit each other, and saving with exif=image.getexif() turns the XMP value into real EXIF.
# Output:   EXIF segment in the file: False; ExifRead: no Orientation
#           Pillow: getexif() = {274: 6}, "exif" in info: False, exif_transpose makes (40, 20) to (20, 40)
#           OpenCV: (40, 20)
#           Pillow, with EXIF Orientation 1 beside: (40, 20)
#           saved again with exif=getexif(): OpenCV: (20, 40)
# Seen:     2026-11-30
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    Pillow==13.0.0 opencv-python-headless==5.0.0.93 ExifRead==3.5.1

cat >"$folder/look.py" <<'PYTHON'
import os
import sys

import cv2
import exifread
from PIL import Image, ImageOps

os.chdir(sys.argv[1])
XMP = b"""<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6"/>
</rdf:RDF></x:xmpmeta><?xpacket end="w"?>"""


def opencv_size(name):
    height, width = cv2.imread(name).shape[:2]
    return width, height


picture = Image.effect_noise((40, 20), 50).convert("RGB")
picture.save("photo.jpg", xmp=XMP)
has_exif = b"Exif\0\0" in open("photo.jpg", "rb").read()
tags = exifread.process_file(open("photo.jpg", "rb"))
found = tags.get("Image Orientation", "no Orientation")
print(f"EXIF segment in the file: {has_exif}; ExifRead: {found}")

image = Image.open("photo.jpg")
exif, turned = {int(tag): value for tag, value in image.getexif().items()}, ImageOps.exif_transpose(image).size
print(f'Pillow: getexif() = {exif}, "exif" in info: {"exif" in image.info}, exif_transpose makes {image.size} to {turned}')
opencv = opencv_size("photo.jpg")
print(f"OpenCV: {opencv}")

upright = Image.Exif()
upright[274] = 1
picture.save("both.jpg", xmp=XMP, exif=upright)
both = ImageOps.exif_transpose(Image.open("both.jpg")).size
print(f"Pillow, with EXIF Orientation 1 beside: {both}")

image.save("again.jpg", exif=image.getexif())
again = opencv_size("again.jpg")
print(f"saved again with exif=getexif(): OpenCV: {again}")

seen = (has_exif, found, exif, "exif" in image.info, turned, opencv, both, again)
sys.exit(seen != (False, "no Orientation", {274: 6}, False, (20, 40), (40, 20), (40, 20), (20, 40)))
PYTHON
"$folder/venv/bin/python" "$folder/look.py" "$folder"
