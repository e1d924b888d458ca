"""The description of the interface for machines."""

from __future__ import annotations

from typing import Any

from drf_spectacular.views import SpectacularAPIView

from studies.scoping import across_studies


class Description(SpectacularAPIView):
    """The OpenAPI document; it describes resources of every study and reads no row of any."""

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """Describe the filters of rows that lie behind the fence of studies."""
        with across_studies("the interface is described, no row is read"):
            return super().dispatch(request, *args, **kwargs)
