"""The public members of RTVIClient, by subject."""
