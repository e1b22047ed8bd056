"""`rules` into Parquet beside Faker, Mimesis and DuckDB: eight columns of people, in one run, on the same cores.

python benchmarks/rules.py [--quick] [--json]; needs the extras `rules` and `bench`.

Columns: name, gender, email, address, phone, id, birth_date, salary (20000 + 900·age + normal(0, 3000)). Each maker
runs in a process of its own, writes one Parquet file with Snappy and says what it used: wall time, CPU time of all
its threads, peak memory. What each does not do:

- Faker and Mimesis make a value a call, in one thread. The script has them keep name, e-mail and gender together, as
  their users do; addresses are what they give, street, postcode and city drawn apart. Mimesis has no DNI: eight digits
  and the letter are computed in Python.
- DuckDB has no names: it draws from the same lists of words as `rules` does, without weights, by SQL over
  `range(n)`; cities, regions and postcodes are not tied, check letters are computed in SQL.
- `rules` ties all of a row, draws by the weights of the lists, and gives the same row for the same seed.

Rows a second are given by the wall and by CPU time (rows a CPU second × 2): on a machine that others use only the
second is worth reading.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

MAKERS = ("rules", "duckdb", "faker", "mimesis")
DOCUMENT = {
    "locale": "es_ES",
    "columns": {
        "name": {"person": "name"},
        "gender": {"person": "gender"},
        "email": {"person": "email"},
        "address": {"person": "address"},
        "phone": {"person": "phone"},
        "id": {"person": "id"},
        "birth_date": {"person": "birth_date"},
        "age": {"person": "age", "hidden": True},
        "salary": {"expression": "20000 + 900*age + normal(0, 3000)"},
    },
}
LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"
# Rows of one run: (rules and DuckDB, Faker and Mimesis).
ROWS = {True: (4_000_000, 4_000), False: (4_000_000, 20_000)}
# Mean calendar year in days, for ages where a maker gives none.
YEAR = 365.2425


def by_rules(rows: int, path: str, seed: int) -> Callable[[], None]:
    """What is timed begins after the lists of words are read, as it does for the others."""
    from trasunto.synthesizers.rules import Rules

    model = Rules.of(DOCUMENT)
    model.write(path, 1_000, seed=seed)
    return lambda: model.write(path, rows, seed=seed)


def by_duckdb(rows: int, path: str, seed: int) -> Callable[[], None]:
    import duckdb

    from trasunto.rules.locales import locale

    spain = locale("es_ES")
    first, last = spain.first, spain.last
    women = int(first.weights.sizes[0])
    names = first.words.to_pylist()
    lists = {
        "women": names[:women],
        "men": names[women:],
        "women_slugs": first.slugs.to_pylist()[:women],
        "men_slugs": first.slugs.to_pylist()[women:],
        "surnames": last.words.to_pylist(),
        "slugs": last.slugs.to_pylist(),
        "streets": sorted({word for slot in spain.streets.slots[:1] for word in slot.words.to_pylist()}),
        "cities": spain.places.columns["city"].to_pylist(),
        "domains": ["example.com", "example.org", "example.net"],
    }
    link = duckdb.connect()
    link.execute(f"SET threads = {len(os.sched_getaffinity(0))}")
    # The words are written into the query: constants are looked up faster than a table is joined.
    told = {
        name: "[" + ", ".join("'" + w.replace("'", "''") + "'" for w in words) + "]" for name, words in lists.items()
    }

    def pick(name: str, place: str) -> str:
        return f"({told[name]})[1 + ({place} * {len(lists[name])})::INT]"

    def floor(bound: int) -> str:
        return f"floor(random() * {bound})::BIGINT"

    query = f"""
        WITH drawn AS (
            SELECT random() < 0.5 AS woman, random() * 0.999999 AS f, random() * 0.999999 AS l,
                   random() * 0.999999 AS s, random() * 0.999999 AS street,
                   random() * 0.999999 AS street_of, random() * 0.999999 AS city,
                   random() * 0.999999 AS domain, {floor(999)} + 1 AS number, {floor(100_000)} AS postcode,
                   {floor(100)} AS user_number, {floor(10**8)} AS phone, {floor(10**8)} AS dni,
                   {floor(26_663)} AS days,
                   sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random()) AS gauss
            FROM range({rows})
        ), worded AS (
            SELECT *, CASE WHEN woman THEN {pick("women", "f")} ELSE {pick("men", "f")} END AS first_name,
                   CASE WHEN woman THEN {pick("women_slugs", "f")} ELSE {pick("men_slugs", "f")} END AS first_slug,
                   DATE '2008-01-01' - days::INT AS birth_date
            FROM drawn
        )
        SELECT first_name || ' ' || {pick("surnames", "l")} || ' ' || {pick("surnames", "s")} AS name,
               CASE WHEN woman THEN 'female' ELSE 'male' END AS gender,
               first_slug || '.' || {pick("slugs", "l")} || user_number || '@' || {pick("domains", "domain")} AS email,
               {pick("streets", "street")} || {pick("surnames", "street_of")} || ' ' || number || ', '
                   || lpad(postcode::VARCHAR, 5, '0') || ' ' || {pick("cities", "city")} AS address,
               '+34 6' || lpad(phone::VARCHAR, 8, '0') AS phone,
               lpad(dni::VARCHAR, 8, '0') || substr('{LETTERS}', 1 + (dni % 23)::INT, 1) AS id,
               birth_date,
               20000 + 900 * date_diff('year', birth_date, DATE '2026-01-01') + 3000 * gauss AS salary
        FROM worded
    """
    copy = f"COPY ({query}) TO '{path}' (FORMAT parquet, COMPRESSION snappy)"
    link.execute(f"SELECT setseed({seed / 1000})")
    return lambda: link.execute(copy) and None


def by_faker(rows: int, path: str, seed: int) -> Callable[[], None]:
    import random
    from datetime import date

    from faker import Faker

    from trasunto.rules.locales import slug

    fake = Faker("es_ES")
    fake.seed_instance(seed)
    rng = random.Random(seed)
    today = date(2026, 1, 1)

    def make() -> None:
        table: dict[str, list] = {name: [] for name in DOCUMENT["columns"] if name != "age"}
        for _ in range(rows):
            woman = rng.random() < 0.5
            first = fake.first_name_female() if woman else fake.first_name_male()
            last = fake.last_name()
            born = fake.date_of_birth(minimum_age=18, maximum_age=90)
            table["name"].append(f"{first} {last} {fake.last_name()}")
            table["gender"].append("female" if woman else "male")
            table["email"].append(f"{slug(first)}.{slug(last)}{rng.randrange(100)}@{fake.safe_domain_name()}")
            table["address"].append(fake.address().replace("\n", ", "))
            table["phone"].append(fake.phone_number())
            table["id"].append(fake.nif())
            table["birth_date"].append(born)
            age = int((today - born).days / YEAR)
            table["salary"].append(20000 + 900 * age + rng.gauss(0, 3000))
        _write(table, path)

    return make


def by_mimesis(rows: int, path: str, seed: int) -> Callable[[], None]:
    import random
    from datetime import date

    from mimesis import Generic
    from mimesis.enums import Gender
    from mimesis.locales import Locale

    from trasunto.rules.locales import slug

    generic = Generic(Locale.ES, seed=seed)
    person, address = generic.person, generic.address
    rng = random.Random(seed)
    today = date(2026, 1, 1)

    def make() -> None:
        table: dict[str, list] = {name: [] for name in DOCUMENT["columns"] if name != "age"}
        for _ in range(rows):
            woman = rng.random() < 0.5
            first = person.first_name(gender=Gender.FEMALE if woman else Gender.MALE)
            last, number = person.last_name(), rng.randrange(10**8)
            born = generic.datetime.date(1935, 2007)
            table["name"].append(f"{first} {last} {person.last_name()}")
            table["gender"].append("female" if woman else "male")
            table["email"].append(f"{slug(first)}.{slug(last)}{rng.randrange(100)}@example.com")
            table["address"].append(f"{address.address()}, {address.postal_code()} {address.city()}")
            table["phone"].append(person.telephone())
            table["id"].append(f"{number:08d}{LETTERS[number % 23]}")
            table["birth_date"].append(born)
            age = int((today - born).days / YEAR)
            table["salary"].append(20000 + 900 * age + rng.gauss(0, 3000))
        _write(table, path)

    return make


def _write(table: dict[str, list], path: str) -> None:
    import pyarrow as pa
    import pyarrow.parquet as parquet

    parquet.write_table(pa.table(table), path, compression="snappy")


def one(maker: str, rows: int, seed: int) -> None:
    """The process of one maker: prints what it used as JSON."""
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "made.parquet")
        make = {"rules": by_rules, "duckdb": by_duckdb, "faker": by_faker, "mimesis": by_mimesis}[maker](
            rows, path, seed
        )
        wall, cpu = time.perf_counter(), time.process_time()
        make()
        used = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
        import pyarrow.parquet as parquet

        file = parquet.ParquetFile(path)
        assert file.metadata.num_rows == rows and file.metadata.num_columns == 8, "the file is not what was asked for"
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({**used, "rows": rows, "peak_mb": peak, "bytes_a_row": Path(path).stat().st_size / rows}))


def measured(maker: str, rows: int, seed: int) -> dict[str, float]:
    """`one` in a fresh process."""
    code = [sys.executable, __file__, "--maker", maker, "--rows", str(rows), "--seed", str(seed)]
    done = subprocess.run(code, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{maker} failed:\n{done.stderr}")
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="Fewer rows and repeats.")
    parser.add_argument("--json", action="store_true", help="Print the JSON line alone.")
    parser.add_argument("--maker", choices=MAKERS, help=argparse.SUPPRESS)
    parser.add_argument("--rows", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, default=0, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.maker:
        one(asked.maker, asked.rows, asked.seed)
        return
    many, few = ROWS[asked.quick]
    repeats = 3 if asked.quick else 5
    result: dict[str, object] = {"columns": 8, "cores": len(os.sched_getaffinity(0)), "repeats": repeats}
    speed: dict[str, tuple[float, float]] = {}
    for maker in MAKERS:
        rows = many if maker in ("rules", "duckdb") else few
        runs = [measured(maker, rows, seed) for seed in range(repeats)]
        walls, cpus = ([rows / run[key] for run in runs] for key in ("wall", "cpu"))
        speed[maker] = (statistics.median(walls), 2 * statistics.median(cpus))
        result[maker] = {
            "rows": rows,
            "rows_a_second": round(speed[maker][0]),
            "rows_a_second_range": [round(min(walls)), round(max(walls))],
            "rows_a_cpu_second_times_2": round(speed[maker][1]),
            "rows_a_cpu_second_times_2_range": [round(2 * min(cpus)), round(2 * max(cpus))],
            "peak_mb": round(max(run["peak_mb"] for run in runs)),
            "bytes_a_row": round(statistics.median(run["bytes_a_row"] for run in runs), 1),
        }
        if not asked.json:
            wall, cpu = speed[maker]
            print(f"{maker:8s} {wall:>12,.0f} rows/s by the wall, {cpu:>12,.0f} rows in 2 CPU seconds")
    larger = measured("rules", 4 * many, 0)
    result["rules_peak_mb_at_4_times_the_rows"] = round(larger["peak_mb"])
    for peer in MAKERS[1:]:
        result[f"ratio_to_{peer}"] = round(speed["rules"][0] / speed[peer][0], 2)
        result[f"ratio_to_{peer}_by_cpu"] = round(speed["rules"][1] / speed[peer][1], 2)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
