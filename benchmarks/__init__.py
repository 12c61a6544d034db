"""Times and memory that users feel, measured in one run; quote the ratios, not the seconds."""
