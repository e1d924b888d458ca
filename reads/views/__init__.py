"""Pages of readers, adjudicators and those who plan the reads."""
