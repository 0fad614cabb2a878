"""The example at the top of a file that people copy: it is run, so that it stays true."""

from __future__ import annotations

import re
from textwrap import dedent
from types import ModuleType
from typing import Any


def run_example(module: ModuleType, **names: Any) -> dict[str, Any]:
    """Run the indented lines of a module's docstring with these names, and return what they have made."""
    found = re.search(r"\n\n((?:    .*\n)+)", module.__doc__ or "")
    assert found, f"{module.__name__} opens without an example"
    namespace = {**vars(module), **names}
    exec(dedent(found[1]), namespace)
    return namespace
