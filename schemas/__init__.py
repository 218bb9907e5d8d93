"""What travels and what rests: one concept a module, with its wire formats."""
