"""Pages of data cuts, and lists that leave as files."""
