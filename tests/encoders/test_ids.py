import numpy as np
import polars as pl
import pytest

from trasunto.encoders.ids import fit_ids


@pytest.mark.parametrize("numbers", [range(1, 4000), range(1000, 4000)], ids=["varied", "of four digits"])
def test_numbers_as_text_stay_numbers(numbers):
    made = fit_ids(pl.Series([str(number) for number in numbers])).make(3000, np.random.default_rng(0))
    # Read as numbers they are still each once.
    assert made.cast(pl.Int64).n_unique() == made.n_unique() == 3000
    assert not made.str.starts_with("0").any()


def test_padding_is_kept():
    made = fit_ids(pl.Series([f"{number:05d}" for number in range(1, 4000)])).make(3000, np.random.default_rng(0))
    assert made.str.len_chars().unique().to_list() == [5]
    assert made.str.starts_with("0").all()
    assert made.n_unique() == 3000


def test_times_of_day_stay_times_of_day():
    made = fit_ids(pl.Series([f"{i % 24:02}:{i % 60:02}:{7 * i % 60:02}" for i in range(100)])).make(
        200, np.random.default_rng(0)
    )
    assert made.str.contains(r"^[01]\d:[0-5]\d:[0-5]\d$").all()
    assert made.n_unique() == 200
