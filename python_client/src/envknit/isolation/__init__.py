"""Isolation of packages from each other; see the modules for what each does."""
