"""Who the providers are, and the only way to reach them."""
