"""What people ask for next: one short file for each, which runs as it is (docs/recipes.md)."""
