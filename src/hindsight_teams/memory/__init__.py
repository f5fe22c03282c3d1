"""What one caller may do with the memory of a team. No framework."""
