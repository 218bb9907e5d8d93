"""The acceptance checks: what the project promises, measured on the real stack."""
