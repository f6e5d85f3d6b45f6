"""What personas remember: facts that users tell of themselves, and lines of earlier talks."""
