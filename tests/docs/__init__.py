"""Tests of the documents, of the files that they hand out, and of what they say of several steps."""
