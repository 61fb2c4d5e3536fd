"""What a row's step works with, one module for each kind of contestant."""
