"""Vision: the analysis of pictures by models, without database, settings or output."""
