"""The causes that a log can name, one table for each kind of them."""
