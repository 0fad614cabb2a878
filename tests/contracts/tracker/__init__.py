"""What a tracker promises, one capability a file.

A step's test class inherits TrackerContract, which every tracker keeps, and where trackers differ the class
that fits its own.
"""
