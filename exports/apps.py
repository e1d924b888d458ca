"""Delivery: data cuts."""

from django.apps import AppConfig


class ExportsConfig(AppConfig):
    name = "exports"
    verbose_name = "Data cuts"

    def ready(self) -> None:
        from audit.trail import name_verbs
        from exports import affected, tasks  # noqa: F401 - registers the jobs
        from exports.datasets import BUILDERS
        from imaging.services import effects
        from reads import holders
        from studies.services.configuration import VALIDATORS

        def problems(document: object) -> list[str]:
            names = document.get("datasets", []) if isinstance(document, dict) else []
            unknown = [name for name in names if name not in BUILDERS]
            if not names:
                return ["it lists no datasets"]
            return [f"there is no dataset “{name}”" for name in unknown]

        VALIDATORS["transfer"] = problems
        _register_store()
        effects.register(names=affected.names)
        holders.register(names=affected.holding, tells=affected.rolled_back)
        name_verbs(
            {
                "datacut.plan": "planned the cut",
                "datacut.start_cleaning": "started the cleaning of",
                "datacut.freeze": "froze the cut",
                "datacut.generate": "generated the files of",
                "datacut.release": "released the cut",
                "datacut.acknowledge": "confirmed receipt of",
                "datacut.download": "downloaded a file of",
                "datacut.verify": "verified the files of",
                "datacut.supersede": "superseded the cut",
                "datacut.affected": "rolled back reads of",
            }
        )


def _register_store() -> None:
    """Let the integrity sweep prove the files that leave the house."""
    from collections.abc import Iterator

    from exports.models import CutFile
    from imaging.storage import deliveries, sweep

    def claims() -> Iterator[sweep.Claim]:
        for pk, sha256 in CutFile.objects.values_list("pk", "sha256").iterator(chunk_size=2000):
            yield sweep.Claim(sha256, "exports.cutfile", str(pk))

    sweep.register("deliveries", deliveries, claims)
