"""A mark in Stage A's weights that says by which bundle a picture was made, and the extractor that reads it."""
