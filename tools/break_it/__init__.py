"""Takes one cure out, and shows which test notices."""
