"""Dates that nobody can misread: a day, the month as a word, a year."""
