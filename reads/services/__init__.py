"""Acts on reads: planning and assignment, reading, adjudication."""
