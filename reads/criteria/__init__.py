"""Response criteria as pure functions: facts in, derived responses with their trace out."""
