"""live: what a search shows at the foot of a terminal while it runs."""
