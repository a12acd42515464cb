"""Pages put together: each module reads, shapes, and returns the context of one template."""
