"""Answers with which an edit check fires, and others with which it stays silent.

The search works backwards from the check's own conditions: it wishes values for items, for the time
point before and for facts of the caller, one alternative after the other, and then asks the forms
engine itself. Only what the engine confirms is returned. To stay silent means that the check was
looked at and its condition held, not that it was passed over: the search asks the engine whether
the opposite check would fire.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import islice

from reads.design.ecrf.scenes import NOW, Scene, scene_of
from reads.design.ecrf.searching import Search
from reads.design.ecrf.wishes import each
from studies.forms.conditions import Facts
from studies.forms.definition import Check, Form
from studies.forms.derivations import DerivationError, DerivedValue, Named
from studies.forms.evaluate import evaluate
from studies.forms.trees import Condition, Not
from studies.forms.values import Value

#: how many alternatives are tried for one check before it counts as not provable
TRIES = 600


@dataclass(frozen=True, slots=True)
class Probe:
    """What was found for a check: a scene in which it fires, and one in which it is silent."""

    check: str
    fires: Scene | None
    silent: Scene | None

    @property
    def is_proved(self) -> bool:
        """Whether the check fired once and stayed silent once."""
        return self.fires is not None and self.silent is not None


def probe(form: Form, check: Check) -> Probe:
    """Find a scene in which a check fires and one in which it holds, by the engine itself."""
    opposite = replace(check, must=Not(check.must))
    return Probe(check.id, _first(form, check), _first(form, opposite, silent=check))


def fired(form: Form, check: Check, scene: Scene) -> bool:
    """Tell whether a check fires in a scene."""
    asked = replace(form, checks=(check,))
    # ``replace`` keeps the canonical text, so the digest of the form stays what it was.
    found = evaluate(
        asked,
        scene.answers,
        previous=scene.previous,
        context=scene.context,
        derivations=_derivations(form, scene.named),
        final=True,
    )
    return any(message.check == check.id for message in found.messages)


def _derivations(form: Form, given: Mapping[str, Value]) -> dict[str, Named]:
    """Return stand-ins for the engines: a check is about the form, engines have their vectors."""

    def supply(name: str) -> Named:
        def derived(_facts: Facts) -> DerivedValue:
            if name not in given:
                raise DerivationError("nothing follows in this scene")
            return DerivedValue(given[name])

        return derived

    return {
        item.derived.name: supply(item.derived.name)
        for item in form.items.values()
        if item.derived is not None and item.derived.kind == "named"
    }


def _first(form: Form, check: Check, silent: Check | None = None) -> Scene | None:
    search = Search(form)
    conditions: list[tuple[Condition, bool]] = [(check.must, False)]
    if check.when is not None:
        conditions.insert(0, (check.when, True))
    wishes = search.shown(check.item, NOW, {})
    for condition, wanted in conditions:
        wishes = each(wishes, lambda wish, c=condition, w=wanted: search.made(c, w, NOW, wish))
    for wish in islice(wishes, TRIES):
        scene = scene_of(form, search.grown(wish, check.item))
        if fired(form, check, scene) and (silent is None or not fired(form, silent, scene)):
            return scene
    return None


__all__ = ["Probe", "Scene", "fired", "probe"]
