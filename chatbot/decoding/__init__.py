"""From z to the reply that is given: how words are drawn, and which of several candidates is taken."""
