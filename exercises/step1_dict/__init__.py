"""Exercises of step 1."""
