"""Shapes to SVG inside a page: colours are the page's own, so a chart follows light and dark.

What always holds: pure; every text is made safe and escaped; the picture has a title for who can't see it.
"""

from __future__ import annotations

from html import escape

from core.text import safe
from core.training.report.shapes import Dot, Drawing, Line, Rect, Shape, Text


def svg(drawing: Drawing) -> str:
    """Return a chart as one <svg> element that fits the width it is given."""
    title = escape(safe(drawing.title, limit=200))
    inner = "".join(_shape(shape) for shape in drawing.shapes)
    return (
        f'<svg viewBox="0 0 {drawing.width} {drawing.height}" width="{drawing.width}" role="img" '
        f'aria-label="{title}" style="max-width:100%;height:auto"><title>{title}</title>{inner}</svg>\n'
    )


def _shape(shape: Shape) -> str:
    if isinstance(shape, Rect):
        return (
            f'<rect x="{shape.x:.1f}" y="{shape.y:.1f}" width="{max(0, shape.width):.1f}" '
            f'height="{max(0, shape.height):.1f}" fill="{_colour(shape.role)}" fill-opacity="{shape.strength:.2f}"/>'
        )
    if isinstance(shape, Line):
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in shape.points)
        dash = ' stroke-dasharray="5 4"' if shape.dashed else ""
        return (
            f'<polyline points="{points}" fill="none" stroke="{_colour(shape.role)}" '
            f'stroke-width="{shape.width:g}" stroke-linejoin="round"{dash}/>'
        )
    if isinstance(shape, Dot):
        return f'<circle cx="{shape.x:.1f}" cy="{shape.y:.1f}" r="{shape.radius:g}" fill="{_colour(shape.role)}"/>'
    return _text(shape)


def _text(shape: Text) -> str:
    weight = ' font-weight="600"' if shape.bold else ""
    return (
        f'<text x="{shape.x:.1f}" y="{shape.y:.1f}" fill="{_colour(shape.role)}" font-size="{shape.size}" '
        f'text-anchor="{shape.anchor}"{weight}>{escape(safe(shape.words, limit=120))}</text>'
    )


def _colour(role: str) -> str:
    return f"var(--c{role[1:]})" if role[0] == "k" and role[1:].isdigit() else f"var(--{role})"
