"""Step 1: the users online, remembered in a dict."""
