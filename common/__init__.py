"""What the three steps share; it imports nothing of theirs."""
