"""Every registered method of rows, by name, and settings with which those that take long are fitted in a blink."""

import pytest

import trasunto as tr
from trasunto.pipeline.verbs import make
from trasunto.registry import GROUPS
from trasunto.testing import Trial, patients

# These learn from something else: from rules alone, from text, from events of entities.
OTHERS = {"rules", "templates", "lm-finetune", "lm-prompt", "lm-evolve", "backtranslate", "markov"}
OTHERS |= {"sequences", "sequence-bootstrap", "relational"}
NAMES = tuple(sorted(set(GROUPS["synthesizers"]) - OTHERS))
# Methods that are no more than half taught by these settings: the laws of what they must have learnt leave them out.
QUICK = {
    "autoregressive": {"epochs": 2, "width": 32, "hidden": 32},
    "gan": {"epochs": 2},
    "vae": {"epochs": 2},
    "diffusion": {"epochs": 2},
}
# Methods that draw under conditions directly, fill gaps and hold every rule; others are asked by their own tests.
CONDITIONED = tuple(name for name in NAMES if name not in {"diffusion"})


def pytest_generate_tests(metafunc):
    """Every test of a `name` holds for each method, of a `conditioned` one for each that draws under conditions, of a
    `taught` one for each that has learnt how columns hang together."""
    lists = {
        "name": NAMES,
        "conditioned": CONDITIONED,
        "taught": [name for name in NAMES if name not in QUICK and name != "independent"],
    }
    for argument, names in lists.items():
        if argument in metafunc.fixturenames:
            metafunc.parametrize(argument, names)


@pytest.fixture(scope="session")
def methods():
    """Every method with its settings, None for its own."""
    return {name: QUICK.get(name) for name in NAMES}


@pytest.fixture(scope="session")
def fitted():
    """fitted(name, real, seed=0): a model, fitted once for all tests that ask for the same."""
    known = {}

    def find(name, real, seed=0):
        key = (name, real.digest(), str(real.schema), seed)
        if key not in known:
            known[key] = tr.fit(real, name, seed=seed, settings=QUICK.get(name))
        return known[key]

    return find


@pytest.fixture(scope="session")
def trial():
    """trial(name): the method on trial, fitted once."""
    known = {}

    def find(name):
        if name not in known:
            known[name] = Trial(make(name, QUICK.get(name, {})), patients())
        return known[name]

    return find
