"""The front page of the desk: what waits for an editor, and the first steps on an empty site."""
