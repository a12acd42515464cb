"""Hand-overs: a draft that is ready for review, what people say about it, and who waits for whom. Not for readers."""
