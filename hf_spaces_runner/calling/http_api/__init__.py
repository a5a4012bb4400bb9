"""Calls Spaces that have an HTTP API of their own: by a template, by OpenAPI, or as OpenAI's."""
