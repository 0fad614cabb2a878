"""All forms side by side, the article's and ours, under a clock that the reader moves."""
