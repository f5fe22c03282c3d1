"""Words, dates and names in a text, by rule."""
