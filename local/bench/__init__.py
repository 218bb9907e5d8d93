"""How fast the job is, what it costs, and whether a change has made it slower."""
