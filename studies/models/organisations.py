"""Organisations and what belongs to them over all studies: programmes, sites, scanners."""

from __future__ import annotations

from django.db import models

from audit.history import Tracked


class Organisation(Tracked):
    """A sponsor, an iCRO, a clinical CRO, a hospital or a vendor."""

    class Kind(models.TextChoices):
        SPONSOR = "sponsor", "Sponsor"
        ICRO = "icro", "Imaging CRO"
        CRO = "cro", "Clinical CRO"
        HOSPITAL = "hospital", "Hospital or imaging centre"
        VENDOR = "vendor", "Vendor"

    name = models.CharField("name", max_length=200, unique=True)
    kind = models.CharField("kind", max_length=12, choices=Kind.choices)

    def __str__(self) -> str:
        return self.name


class Programme(Tracked):
    """A sponsor's programme: studies of one compound or device."""

    sponsor = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="programmes")
    name = models.CharField("name", max_length=200)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["sponsor", "name"], name="programme_name_once")
        ]

    def __str__(self) -> str:
        return self.name


class Site(Tracked):
    """An investigator site, over all studies; what a study knows of it is ``StudySite``."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="sites")
    name = models.CharField("name", max_length=200)
    city = models.CharField("city", max_length=100)
    country = models.CharField("country", max_length=2, help_text="ISO 3166-1 alpha-2")
    time_zone = models.CharField("time zone", max_length=64, help_text="IANA name")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "name"], name="site_name_once")
        ]

    def __str__(self) -> str:
        return self.name


class Scanner(Tracked):
    """A scanner of a site, as it stands in the headers of its images (DICOM PS3.3 C.7.5.1)."""

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="scanners")
    modality = models.CharField("modality", max_length=4)
    manufacturer = models.CharField("manufacturer", max_length=64)
    model_name = models.CharField("model", max_length=64)
    serial_number = models.CharField("device serial number", max_length=64)
    software_versions = models.CharField("software versions", max_length=200, blank=True)
    qualified_from = models.DateField("qualified from", null=True, blank=True)
    qualified_until = models.DateField("qualified until", null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["site", "manufacturer", "model_name", "serial_number"],
                name="scanner_once_per_site",
            )
        ]

    def __str__(self) -> str:
        return f"{self.manufacturer} {self.model_name}"
