"""What the verifier says of one output."""

from __future__ import annotations

from dataclasses import dataclass

from imaging.pipeline.reasons import sentence


@dataclass(frozen=True, slots=True)
class Verdict:
    """`code` is empty when the output may go on; `where` is a tag or place, never a value."""

    code: str = ""
    where: str = ""

    @property
    def passed(self) -> bool:
        return not self.code

    @property
    def sentence(self) -> str:
        return sentence(self.code) if self.code else ""


class Failed(Exception):
    """An output may not go on."""

    def __init__(self, code: str, where: str) -> None:
        super().__init__(code)
        self.verdict = Verdict(code, where)


def shown(tag: int) -> str:
    """A tag as people write it."""
    return f"({int(tag) >> 16:04X},{int(tag) & 0xFFFF:04X})"
