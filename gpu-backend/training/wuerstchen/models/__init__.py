"""One readable module a stage. Shapes are (batch, channels, height, width) unless a comment says otherwise."""
