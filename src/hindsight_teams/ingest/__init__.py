"""Files and folders as documents of passages: what ``bank ingest`` stores. It knows no bank and no framework."""
