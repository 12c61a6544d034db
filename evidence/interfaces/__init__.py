"""How people reach the package: the command line and notebooks."""
