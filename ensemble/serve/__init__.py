"""The page to draw on: the last vote's models behind a small server on this machine."""
