"""From a declared analysis to the files of its report."""
