from .analysis_run import AnalysisRun as AnalysisRun
from .analysis_run import run_analysis as run_analysis
from .analysis_run import software_versions as software_versions
from .report_files import build_report as build_report
from .report_files import report_contents as report_contents
from .report_files import write_index as write_index
