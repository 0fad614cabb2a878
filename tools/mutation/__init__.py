"""Changes the code in every small way, and shows which change no test notices."""
