from .certificate import certify as certify
from .certificate import certify_effects as certify_effects
from .records import Certificate as Certificate
from .records import QuantityGap as QuantityGap
from .records import ReferenceCase as ReferenceCase
from .records import Tolerance as Tolerance
from .records import Witness as Witness
from .regression_certificate import (
    RegressionCertificate as RegressionCertificate,
)
from .regression_certificate import RegressionWitness as RegressionWitness
from .regression_certificate import (
    certify_regression as certify_regression,
)
