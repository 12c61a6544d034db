from .writer import write_docx as write_docx
