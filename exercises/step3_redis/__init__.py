"""Exercises of step 3."""
