"""A dependency, in the folder where worklib is installed."""
