from .csv_writer import write_csv as write_csv
from .figures.figure_file import FigureFile as FigureFile
from .figures.forest.figure import forest_plot as forest_plot
from .record.ledger import count_true as count_true
