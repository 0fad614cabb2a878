"""Step 2: the users online, remembered in a column of the users' table."""
