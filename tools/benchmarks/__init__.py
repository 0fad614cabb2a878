"""What the three steps cost, side by side with the article's form and with the least that there is."""
