"""The tests: one folder for what is shared, one for each step, one for the documents."""
