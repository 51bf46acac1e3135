"""Released checkpoints as model bundles: from the folders that `diffusers` saves to ONNX graphs that the server
runs.
"""
