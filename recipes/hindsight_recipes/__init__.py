"""Ready teams: importable, runnable, and the templates of ``hindsight-teams new``."""
