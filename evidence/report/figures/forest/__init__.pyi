from .figure import forest_plot as forest_plot
from .records import ForestPlot as ForestPlot
from .records import ForestRow as ForestRow
from .scales import show_fit as show_fit
