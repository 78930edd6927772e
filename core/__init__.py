"""Everything of print-models that could run without a screen.

Nothing in here imports textual or tui; the floors and their order are drawn in docs/house.md.
"""
