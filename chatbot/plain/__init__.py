"""The line-by-line chat and its /commands."""
