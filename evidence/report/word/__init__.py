"""Writing a document as a Word file that a committee can edit."""
