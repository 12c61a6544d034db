from .checks import check_dataset as check_dataset
from .checks import validate as validate
from .code_book import codebook as codebook
from .code_book import data_dictionary as data_dictionary
from .code_book import write_codebook as write_codebook
from .provenance import Provenance as Provenance
from .provenance import verify_sources as verify_sources
