from .writer import write_html as write_html
