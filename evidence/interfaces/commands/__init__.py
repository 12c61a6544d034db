"""The commands of `evidence`, thin over the library."""
