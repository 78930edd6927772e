"""`python -m core COMMAND`: the command line without the app."""

from __future__ import annotations

import sys

from core.commands.shell import main

sys.exit(main())
