"""Programs over any algebra: layers, descents, and the weights that make one the other."""
