"""Who may do what: grants, bank ids, the team file, rights and signatures. No framework, no I/O."""
