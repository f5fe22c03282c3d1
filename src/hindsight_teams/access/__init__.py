"""Access control: grants, bank ids, the team file, rights and signatures. Uses no framework; reads only team.toml."""
