"""Pages of queries."""
