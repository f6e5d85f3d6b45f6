"""What is measured of a persona, of a reply and of a text: read from stored replies, or found anew."""
