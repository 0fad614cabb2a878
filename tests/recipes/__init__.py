"""Tests of the recipes, each driven from outside, and with its real store where that matters."""
