"""Tests of what the steps share; they know none of them."""
