"""Ledgers name functions as users call them, and the names of earlier ledgers are still found."""

import pytest

import evidence
from evidence.addresses import FORMER, address_of, function_at
from evidence.errors import VerificationError
from evidence.synthesis import certificates


def test_the_address_of_a_function_is_the_path_by_which_a_user_calls_it():
    assert address_of(evidence.pool) == "evidence.pool"
    inner = certificates.certify_effects
    assert address_of(inner) == "evidence.synthesis.certificates.certify_effects"


def test_an_address_leads_back_to_its_function():
    for function in (evidence.pool, evidence.effect_size, certificates.certify_effects):
        assert function_at(address_of(function)) is function


@pytest.mark.parametrize("former", sorted(FORMER))
def test_every_former_address_leads_to_a_function_whose_address_it_has_today(former):
    function = function_at(former)
    assert function.__name__ == former.rpartition(".")[2]
    assert address_of(function) == FORMER[former]


@pytest.mark.parametrize("address", ["os.system", "evidences.pool", "evidently"])
def test_functions_of_other_packages_are_refused(address):
    with pytest.raises(VerificationError, match="not a function of this package"):
        function_at(address)


@pytest.mark.parametrize(
    "address",
    ["evidence.no_such_thing", "evidence.synthesis.pairwise.pooling.pool", "evidence.errors.refuse",
     "evidence.__version__", "evidence.synthesis", "evidence.no.such"],
)  # fmt: skip
def test_what_no_face_lists_is_refused(address):
    with pytest.raises(VerificationError, match="does not have"):
        function_at(address)


def test_a_function_without_a_public_path_is_refused_with_advice():
    with pytest.raises(VerificationError, match=r"no public path.*__init__\.pyi"):
        address_of(function_at)
