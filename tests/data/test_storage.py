"""Types that values were stored in come back in formats that have types; what they do not hold stays as it is."""

import datetime as dt
from decimal import Decimal

import polars as pl
import pytest

import trasunto as tr
from trasunto.connectors.files import open_sink
from trasunto.data.infer import infer
from trasunto.data.schema import Column, Format
from trasunto.data.storage import restored, spelt, type_of

N = 60
MOMENTS = [dt.datetime(2023, 1, 1) + dt.timedelta(hours=i) for i in range(N)]
STORED = {
    "small": pl.Series([i % 100 for i in range(N)], dtype=pl.Int8),
    "beyond": pl.Series([2**63 + i % 7 for i in range(N)], dtype=pl.UInt64),
    "single": pl.Series([i / 8 for i in range(N)], dtype=pl.Float32),
    "gapped": pl.Series([float(i % 9) if i % 5 else None for i in range(N)]),
    "money": pl.Series([Decimal(f"{i}.{i % 100:02d}") for i in range(N)], dtype=pl.Decimal(10, 2)),
    "lasting": pl.Series([dt.timedelta(minutes=i % 90) for i in range(N)], dtype=pl.Duration("ms")),
    "kind": pl.Series(["p" if i % 3 else "q" for i in range(N)], dtype=pl.Categorical),
    "there": pl.Series(MOMENTS, dtype=pl.Datetime("us")).dt.replace_time_zone("Europe/Madrid"),
    "coarse": pl.Series(MOMENTS, dtype=pl.Datetime("ms")),
    "hour": pl.Series([each.time() for each in MOMENTS]),
    "day": pl.Series([each.date() for each in MOMENTS]),
    "tags": pl.Series([["a", "b"][: i % 3] for i in range(N)]),
    "numbers": pl.Series([[i % 2, i % 3] for i in range(N)]),
    "who": pl.Series([{"age": i % 9, "at": {"city": "Lugo"}} for i in range(N)]),
}


@pytest.mark.parametrize("name", STORED)
@pytest.mark.parametrize("suffix", ["parquet", "arrow"])
def test_a_type_goes_out_as_it_came_in(tmp_path, name, suffix):
    frame = pl.DataFrame({name: STORED[name], "g": [i % 3 for i in range(N)]})
    frame.write_parquet(tmp_path / "in.parquet")
    data = tr.read(tmp_path / "in.parquet")
    open_sink(tmp_path / f"out.{suffix}").write(data)
    read = pl.read_parquet if suffix == "parquet" else pl.read_ipc
    assert read(tmp_path / f"out.{suffix}").equals(frame)
    assert tr.read(tmp_path / f"out.{suffix}").schema.only == data.schema.only


def test_synthetic_rows_have_the_types_of_the_real_ones(tmp_path):
    frame = pl.DataFrame(STORED)
    synthetic = tr.fit(tr.read(frame), "independent", seed=0).sample(30, seed=1)
    synthetic.write(tmp_path / "made.parquet")
    assert pl.read_parquet(tmp_path / "made.parquet").schema == frame.schema


def test_what_a_type_does_not_hold_stays_as_it_is():
    small = Column("x", "integer", format=Format(stored="Int8"))
    assert restored(pl.Series("x", [1, 300]), small).dtype == pl.Int64
    assert restored(pl.Series("x", ["20 to 30"]), small).dtype == pl.String
    assert restored(pl.Series("x", [1, 30]), small).dtype == pl.Int8


@pytest.mark.parametrize("text", ["os.system('x')", "Int8(", "", "Enum", "__import__"])
def test_a_text_that_names_no_type_is_none(text):
    assert type_of(text) is None


def test_an_enumeration_tells_nothing_of_its_values():
    assert spelt(pl.Enum(["secret"])) == "Categorical"


def test_a_duration_is_counted_in_seconds_and_a_decimal_keeps_its_places():
    table = infer(pl.DataFrame({"d": STORED["lasting"], "m": STORED["money"]}))
    assert (table.schema["d"].kind, table.rows["d"].max()) == ("integer", 59 * 60)
    assert table.schema["m"].format.decimals == 2


def test_times_of_day_are_times_where_a_format_has_them_and_texts_elsewhere(tmp_path):
    hours = [f"{i % 24:02}:{i * 7 % 60:02}" for i in range(N)]
    (tmp_path / "in.csv").write_text("at,n\n" + "".join(f"{hour},{i % 5}\n" for i, hour in enumerate(hours)))
    read = tr.read(tmp_path / "in.csv")
    assert read.only.schema["at"].kind == "datetime" and read.rows["at"].max() == dt.datetime(1970, 1, 1, 23, 41)
    for name in ("out.csv", "out.jsonl", "out.xlsx", "sqlite:///out.db"):
        address = name.replace("out", str(tmp_path / "out")) if ":" in name else tmp_path / name
        read.write(address)
        again = tr.read(address)
        told = again.rows["at"].dt.strftime("%H:%M") if again.rows["at"].dtype != pl.String else again.rows["at"]
        assert told.to_list() == hours
    read.write(tmp_path / "out.parquet")
    assert pl.read_parquet(tmp_path / "out.parquet")["at"].to_list() == [dt.time.fromisoformat(each) for each in hours]


def test_times_of_day_are_drawn_as_numbers_are_and_asked_for_as_they_are_written():
    hours = [f"{8 + i % 10:02}:{(i * 17) % 60:02}" for i in range(400)]
    real = tr.read(pl.DataFrame({"at": hours, "late": [hour > "13:00" for hour in hours]}))
    made = tr.fit(real, "tree", seed=0).sample(200, seed=1, where="at > '9:30' and at <= '12:00'")
    told = made.rows["at"].dt.strftime("%H:%M")
    assert told.min() > "09:30" and told.max() <= "12:00" and made.rows["late"].mean() < 0.1
    assert told.n_unique() > 10


def test_bounds_of_times_of_day_are_written_as_they_are():
    from trasunto.data.check import check
    from trasunto.data.dataset import Dataset, Table
    from trasunto.data.schema import TableSchema

    table = infer(pl.DataFrame({"at": ["08:00", "09:30", "21:00"]}))
    column = Column("at", "datetime", bounds=("08:00", "20:00"), format=Format(pattern="%H:%M"))
    (breach,) = check(Dataset.of(Table(TableSchema((column,)), table.rows)))
    assert "outside 08:00 to 20:00" in breach.message
