"""Access control: grants, bank ids, the team file, rights and signatures. Uses no framework; reads one file, team.toml."""
