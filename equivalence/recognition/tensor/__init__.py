"""The canonical tensor of a layer, and the factors that it is kept in (statements 2.4 and 9.4)."""
