"""Readings from spreadsheets: cells as text, what columns mean, and what is wrong with each row."""
