"""What every step promises; the tests of a step inherit it."""

from __future__ import annotations

from pkgutil import iter_modules

import pytest

# without this, pytest shows what a failed assert compared only in files whose name begins with test_
pytest.register_assert_rewrite(*[f"{__name__}.{module.name}" for module in iter_modules(__path__)])
