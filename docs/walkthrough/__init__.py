"""The pictures of docs/walkthrough.md, and the parts of docs/walkthrough.py, which makes them."""
