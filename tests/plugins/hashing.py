"""Argon2 at its least cost: a test makes many people, and none of them needs protecting."""

from __future__ import annotations

from django.contrib.auth.hashers import Argon2PasswordHasher


class QuickArgon2(Argon2PasswordHasher):
    """The production algorithm with the smallest memory and one pass."""

    time_cost = 1
    memory_cost = 8
    parallelism = 1
