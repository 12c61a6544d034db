"""What all figures are drawn with: canvas, lettering, axes."""
