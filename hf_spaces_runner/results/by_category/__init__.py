"""What each category of Spaces makes of its outputs: files are measured, values are understood."""
