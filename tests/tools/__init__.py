"""The measurements: that they are made as they say, and that what they promise holds."""
