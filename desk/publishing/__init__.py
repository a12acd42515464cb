"""Publishing: the gate, the transitions between states, their pages, and previews."""
