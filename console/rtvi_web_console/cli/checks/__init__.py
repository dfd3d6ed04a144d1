"""What ``rtvi-web doctor`` looks at."""
