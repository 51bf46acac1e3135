"""Training on from a finished bundle: above `export`, which opens the bundle, and `training`, which runs the loop."""
