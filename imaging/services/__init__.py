"""Acts from upload to release. Pages, the interface for machines and commands call these alone."""
