"""Every verb as a plan of one or more exchanges: written once, carried out by a sync and an async loop. Pure."""
