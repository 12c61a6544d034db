from .csv_writer import write_csv as write_csv
from .figures.forest.figure import ForestFigure as ForestFigure
from .figures.forest.figure import forest_plot as forest_plot
from .record.ledger import count_true as count_true
