"""Making a project from a recipe, and bringing it up to date later."""
