from .analysis_file import AnalysisFile as AnalysisFile
from .analysis_file import Declared as Declared
from .analysis_file import read_analysis as read_analysis
from .places import all_slugs as all_slugs
from .places import analyses_folder as analyses_folder
from .places import analysis_path as analysis_path
from .rows_in_use import used_rows as used_rows
