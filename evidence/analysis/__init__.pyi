from .run.analysis_run import AnalysisRun as AnalysisRun
from .run.analysis_run import run_analysis as run_analysis
from .run.report_files import build_report as build_report
from .sections.audit.report import length_of as length_of
from .sections.pooled.thresholds import threshold_side as threshold_side
from .verify.verification import Verification as Verification
from .verify.verification import verify_report as verify_report
