"""The Spaces that are known: read from YAML, validated once, found by any reference."""
