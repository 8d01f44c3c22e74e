"""Pages that people read: one look, one self-contained file each, made without network, tensorflow or ray."""
