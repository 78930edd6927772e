"""A result as pictures: what `evaluate --html FILE` and `--png DIR` write, for who does not sit at the terminal.

What always holds: a chart is drawn once, as plain shapes (`shapes`), and becomes SVG inside the page (`svg`) or a PNG
(`png`); the page is one file that loads nothing and runs nothing; every text from outside is escaped. `charts` makes
the shapes, `page` the page, `write` the files. Called by core/commands/believing.py.
"""
