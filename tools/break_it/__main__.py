"""Takes one cure out: python -m tools.break_it."""

from __future__ import annotations

import sys

from tools.break_it.breakage import main

sys.exit(main())
