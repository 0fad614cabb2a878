"""What the three steps cost, side by side with the usual form and with the least that there is."""
