"""Training of the stages: one file a stage, one loop for all."""
