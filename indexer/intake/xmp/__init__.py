"""XMP: what programs write of a photo beside it or into it flows in and out. The only importer of lxml."""
