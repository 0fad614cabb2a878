"""Step 1: the contract, the defects it mends, and its HTTP behaviour."""
