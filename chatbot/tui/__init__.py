"""The terminal interface of a chat: Textual screens and widgets over one ChatSession.

It knows the session and the profiles; of models and of the database it sees only what the session gives.
"""
