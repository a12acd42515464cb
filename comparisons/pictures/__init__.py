"""Images of the numbers for other sites: share images and badges."""
