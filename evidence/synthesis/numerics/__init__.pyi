from .kendall import RankCorrelation as RankCorrelation
from .kendall import kendall_test as kendall_test
from .quadratic_forms import weighted_chi_squared_tails as weighted_chi_squared_tails
from .quadrature import adaptive_nodes as adaptive_nodes
from .score_process import exit_probabilities as exit_probabilities
