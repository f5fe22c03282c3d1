"""Facts and observations written by a model."""
