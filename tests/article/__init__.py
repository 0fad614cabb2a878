"""Tests of the forms that circulate."""
