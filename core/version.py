"""The version of print-models, in one place; packaging reads it from here."""

from __future__ import annotations

__version__ = "0.1.0"

#: What dataset versions and records name as the tool that wrote them.
TOOL = f"print-models {__version__}"
