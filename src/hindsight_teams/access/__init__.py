"""Access control: grants, bank ids, the team file, rights and signatures. Uses no framework and does no I/O."""
