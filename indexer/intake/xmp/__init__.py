"""XMP of photos, read and written, in sidecars and embedded. The only importer of lxml."""
