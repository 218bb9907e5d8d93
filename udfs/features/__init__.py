"""What an account's past says about a transaction."""
