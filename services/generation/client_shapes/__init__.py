"""Documents as existing clients know them."""
