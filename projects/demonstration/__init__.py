"""The demonstration: one invented study, lived through by its people.

Everything goes through the services that the pages use, with real files, real jobs and real
signatures. Only the clock is shifted, so that there is ageing to see; what was written under a
shifted clock is marked so in the history.
"""
