"""store: the files of a study's folder, one module a format, reader beside writer (numpy and fsspec only)."""
