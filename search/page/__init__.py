"""search.html: how a search went, made from the records in its study's folder alone."""
