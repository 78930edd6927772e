"""A difference as one page for a browser: what `diff --html FILE` writes, for who reviews without a terminal.

What always holds: the page is one file that loads nothing and runs nothing, every text in it that came from outside is
escaped, and its size is bounded; what was left out for that is said in it. `facts` gathers, `pictures` decodes, `page`
draws, `style` is how it looks, `write` puts it into a file. Called by core/commands/versions.py.
"""
