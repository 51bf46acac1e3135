"""From trained weights to a model bundle: ONNX graphs, tokenizer, manifest, model card."""
