from .kendall import RankTest as RankTest
from .quadratic_forms import weighted_chi_squared_tails as weighted_chi_squared_tails
from .score_process import exit_probabilities as exit_probabilities
