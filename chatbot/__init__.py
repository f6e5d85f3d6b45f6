"""A runtime for persona chat in the terminal."""

__version__ = "0.1.0"
