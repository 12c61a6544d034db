from .certificate import certify as certify
from .certificate import certify_effects as certify_effects
from .records import Certificate as Certificate
from .regression_certificate import (
    RegressionCertificate as RegressionCertificate,
)
from .regression_certificate import (
    certify_regression as certify_regression,
)
