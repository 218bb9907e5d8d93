"""What runs inside the operators; pure cores, thin shells."""
