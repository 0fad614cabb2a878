"""Reads the documents, checks them, does what they say, writes their tables, and draws their pictures."""
