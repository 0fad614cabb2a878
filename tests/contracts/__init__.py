"""What every step promises; the tests of a step inherit it."""
