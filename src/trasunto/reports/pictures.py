"""Charts as still pictures, for the forms that have no script."""

from __future__ import annotations

from trasunto import registry
from trasunto.reports.report import Figure


def svg(figure: Figure) -> str:
    """The chart as an SVG document, black on nothing."""
    try:
        import vl_convert
    except ImportError as error:
        raise registry.missing(error, "a report with charts") from error
    spec = {**figure.spec, "config": {"background": "white", **figure.spec.get("config", {})}}
    drawn: str = vl_convert.vegalite_to_svg(spec)
    return drawn
