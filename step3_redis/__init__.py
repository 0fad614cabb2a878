"""Step 3: the users online, remembered in a Redis sorted set."""
