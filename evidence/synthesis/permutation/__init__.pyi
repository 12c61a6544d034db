from .interval import (
    PermutationInterval as PermutationInterval,
)
from .interval import (
    permutation_interval as permutation_interval,
)
from .regression_test import (
    PermutationRegressionTest as PermutationRegressionTest,
)
from .regression_test import (
    permutation_regression_test as permutation_regression_test,
)
from .sign_test import PermutationTest as PermutationTest
from .sign_test import permutation_test as permutation_test
