"""What the three steps share; it knows none of them."""
