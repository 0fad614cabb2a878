"""Tests of step 2."""
