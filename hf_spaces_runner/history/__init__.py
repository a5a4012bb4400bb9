"""How earlier attempts went: kept for recommendations, and for whoever asks."""
