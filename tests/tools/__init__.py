"""Tests of the tools: that they measure, break, lift and write as they say."""
