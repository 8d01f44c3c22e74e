"""What machines cost: prices as data, an estimate before a search, and a cap that ends one in time."""
