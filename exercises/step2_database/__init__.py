"""Exercises of step 2."""
