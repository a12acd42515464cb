"""Pages for programs: JSON, linked data, titles, feeds, and sitemaps."""
