"""Other languages for the English text encoder: new rows of its word embedding, and nothing else, learn to give the
English states.
"""
