"""The kinds of section a declared analysis can have, one room each."""
