"""Make a project from a recipe, and update it later."""
