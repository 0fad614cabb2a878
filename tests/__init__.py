"""The tests: a folder for each folder of the house, with contracts and helpers for several of them."""
