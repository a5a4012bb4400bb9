"""Cleaning up from the user's crontab: the entry in it, and what the entry does when cron fires it."""
