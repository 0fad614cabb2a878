"""How the documents show what was measured."""
