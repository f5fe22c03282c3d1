"""Files and folders as documents of passages, for ``bank ingest``. Knows neither banks nor a framework."""
