"""What maintainers run, and what the lessons let their readers run."""
