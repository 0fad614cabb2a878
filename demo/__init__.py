"""What `python stepN_x/app.py` adds for its reader: a start without settings, and a page."""
