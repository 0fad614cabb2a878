"""The forms that circulate, written anew as they are, with their defects.

Each defect is marked where it stands, by its id in a comment of one line. The lessons explain it, and a test
of the same name shows it. `python -m tools.break_it database-1` takes the cure out of our own code.
"""
