"""Tests that wait for their reader to switch them on, and a solution beside each."""
