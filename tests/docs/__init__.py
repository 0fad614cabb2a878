"""Tests of the documents and of the packaging."""
