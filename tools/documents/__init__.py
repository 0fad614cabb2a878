"""Reads the documents, checks them, does what they say, and writes their tables."""
