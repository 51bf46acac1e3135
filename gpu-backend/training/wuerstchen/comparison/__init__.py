"""Stage C on latents of three sizes with the same arithmetic: the paper's claim, at the scale of a configuration."""
