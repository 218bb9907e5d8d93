"""Features to payload, response to score, and what to do without one."""
