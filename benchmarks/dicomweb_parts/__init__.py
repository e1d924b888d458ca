"""Parts of the archive's benchmark."""
