"""Pure stages between receipt and release. No module in here knows the web framework."""
