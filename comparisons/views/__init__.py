"""HTTP views: parse the request, fetch, and render."""
