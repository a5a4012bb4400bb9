"""Images on the engine: pulled or built, once however many ask."""
