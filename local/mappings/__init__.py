"""How anyone's file becomes transactions: the grammar of a mapping, its values, its tables."""
