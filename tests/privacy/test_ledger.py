"""The ledger is tested like money."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from trasunto.errors import BudgetError
from trasunto.privacy.accountant import epsilon_of, rho_of
from trasunto.privacy.budget import Budget
from trasunto.privacy.ledger import Ledger, Sum


@pytest.fixture
def ledger(tmp_path):
    made = Ledger(tmp_path / "runs" / "ledger.sqlite")
    made.grant("patients", 1.0, 1e-6, actor="privacy officer")
    return made


def test_what_is_spent_adds_up_until_nothing_is_left(ledger):
    for run in range(4):
        entry = ledger.charge("patients", Budget(0.25, 1e-7), "fit marginals", actor="ana", run=f"r{run}")
        assert (entry.kind, entry.epsilon, entry.actor, entry.run) == ("charge", 0.25, "ana", f"r{run}")
    assert ledger.left("patients").epsilon == 0 and ledger.left("patients").delta == pytest.approx(6e-7)
    with pytest.raises(
        BudgetError, match=r"'patients' was granted epsilon 1 .*epsilon 0\.01 .*Left are epsilon 0 and .*4 charges"
    ):
        ledger.charge("patients", Budget(0.01), "one more")
    assert len(ledger.entries("patients")) == 5


def test_more_delta_than_granted_is_refused(ledger):
    with pytest.raises(BudgetError, match="more than is left"):
        ledger.charge("patients", Budget(0.1, 1e-5), "fit")
    assert ledger.left("patients") == Sum(1.0, 1e-6)


def test_the_first_grant_holds_and_another_is_written_down(ledger):
    assert ledger.grant("patients", 1.0, 1e-6).number == 1
    with pytest.raises(BudgetError, match=r"granted epsilon 1\.0 and delta 1e-06 on .*not epsilon 5\.0"):
        ledger.grant("patients", 5.0, 1e-6)
    ledger.grant("patients", 5.0, 1e-6, change=True, actor="board", reason="second study")
    assert [(e.kind, e.epsilon, e.what) for e in ledger.entries("patients")] == [
        ("grant", 1.0, "budget granted"),
        ("grant", 5.0, "second study"),
    ]
    assert ledger.left("patients").epsilon == 5.0


def test_without_a_grant_nothing_is_charged(ledger, tmp_path):
    with pytest.raises(BudgetError, match="No budget was granted for source 'others'"):
        ledger.charge("others", Budget(0.1), "fit")
    empty = Ledger(tmp_path / "none.sqlite")
    assert empty.entries("patients") == () and empty.left("patients") == Sum(0.0, 0.0)
    assert not (tmp_path / "none.sqlite").exists()


class TestSources:
    def test_name_or_digest_makes_it_the_same(self, ledger):
        ledger.charge("patients", Budget(0.4), "fit", digest="aa")
        ledger.charge("copy of patients", Budget(0.4), "fit", digest="aa")
        ledger.charge("patients", Budget(0.2), "fit", digest="bb")
        assert ledger.left("copy of patients").epsilon == pytest.approx(0)
        assert ledger.left("under a third name", digest="bb").epsilon == pytest.approx(0)

    def test_two_that_turn_out_to_be_one_share_the_smaller_grant_and_all_charges(self, ledger):
        ledger.grant("others", 9.0, 1e-5, digest="cc")
        ledger.charge("others", Budget(0.3), "fit")
        ledger.charge("patients", Budget(0.3), "fit", digest="cc")
        account = ledger.account("others")
        assert account.granted == Sum(1.0, 1e-6) and account.spent.epsilon == pytest.approx(0.6)
        with pytest.raises(BudgetError, match="more than is left"):
            ledger.charge("others", Budget(0.5), "fit")
        ledger.grant("others", 2.0, 1e-6, change=True)
        assert ledger.left("patients").epsilon == pytest.approx(1.4)

    def test_sources_apart_have_budgets_apart(self, ledger):
        ledger.grant("others", 1.0, 0.0, digest="cc")
        ledger.charge("others", Budget(1.0), "fit")
        assert ledger.left("patients").epsilon == 1.0


class TestComposition:
    def test_gaussian_charges_add_up_in_rho_while_all_are(self, ledger):
        rho = rho_of(Budget(0.2, 1e-6))
        for _ in range(8):
            ledger.charge("patients", Budget(0.2, 1e-6), "fit", rho=rho)
        spent = ledger.account("patients").spent
        assert spent == Sum(epsilon_of(8 * rho, 1e-6), 1e-6) and spent.epsilon < 1
        # One charge without a rho, and only sums are left to go by: 1.6 is over.
        with pytest.raises(BudgetError, match="more than is left"):
            ledger.charge("patients", Budget(0.01), "fit")
        with pytest.raises(BudgetError, match=r"Left are epsilon 0\.\d+ and delta 1e-06"):
            for _ in range(99):
                ledger.charge("patients", Budget(0.2, 1e-6), "fit", rho=rho)

    def test_the_unit_stays_that_of_the_first_charge(self, ledger):
        person = Budget(0.1, 1e-8, person="who", contributions=5)
        ledger.charge("patients", person, "fit")
        with pytest.raises(BudgetError, match=r"counts by person \(who\), and row was asked"):
            ledger.charge("patients", Budget(0.1), "fit")
        ledger.grant("rows", 1.0, 1e-6)
        ledger.charge("rows", Budget(0.1), "fit")
        assert ledger.charge("rows", person, "fit").unit == "person (who)"


CHARGE = """
import sys
from trasunto.errors import BudgetError
from trasunto.privacy.budget import Budget
from trasunto.privacy.ledger import Ledger
ledger, released = Ledger(sys.argv[1]), open(sys.argv[2], "a", buffering=1)
print("ready", flush=True)
try:
    while True:
        entry = ledger.charge("patients", Budget(float(sys.argv[3])), "fit")
        released.write(f"{entry.number}\\n")
except BudgetError:
    pass
"""


def started(ledger, released, epsilon):
    return subprocess.Popen(
        [sys.executable, "-c", CHARGE, str(ledger.path), str(released), str(epsilon)], stdout=subprocess.PIPE, text=True
    )


def test_runs_that_race_never_overspend(ledger, tmp_path):
    racing = [started(ledger, tmp_path / f"released{i}", 1 / 64) for i in range(2)]
    for each in racing:
        assert each.wait(120) == 0
        each.stdout.close()
    released = [len((tmp_path / f"released{i}").read_text().split()) for i in range(2)]
    assert sum(released) == 64 and ledger.left("patients").epsilon == 0


def test_threads_that_race_never_overspend(ledger):
    def spend(_):
        try:
            ledger.charge("patients", Budget(1 / 16), "fit")
        except BudgetError:
            return 0
        return 1

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(spend, range(40))) == 16


@pytest.mark.skipif(os.name != "posix", reason="needs kill -9")
def test_a_run_killed_at_any_time_has_charged_all_it_released(tmp_path):
    ledger, released = Ledger(tmp_path / "ledger.sqlite"), tmp_path / "released"
    ledger.grant("patients", 1000.0, 0.0)
    released.touch()
    lines: list[str] = []
    # On a busy machine a run does less before it is killed: then there are more of them.
    for round_ in range(300):
        if round_ >= 30 and len(lines) > 30:
            break
        run = started(ledger, released, 1e-3)
        assert run.stdout.readline() == "ready\n"
        time.sleep(0.003 + 0.002 * (round_ % 60))
        run.send_signal(signal.SIGKILL)
        run.wait()
        run.stdout.close()
        charged = {entry.number for entry in ledger.entries("patients")}
        lines = released.read_text().split()
        assert {int(line) for line in lines} <= charged
    assert len(lines) > 30


class TestTheFile:
    def test_entries_cannot_be_changed_or_taken_out(self, ledger):
        with sqlite3.connect(ledger.path) as table:
            for order in ("UPDATE entries SET epsilon = 0", "DELETE FROM entries"):
                with pytest.raises(sqlite3.IntegrityError, match="entries are never"):
                    table.execute(order)
        table.close()

    def test_it_is_flushed_in_full(self, ledger):
        with ledger._writing() as table:
            assert table.execute("PRAGMA journal_mode").fetchone() == ("delete",)
            assert table.execute("PRAGMA synchronous").fetchone() == (3,)

    def test_a_file_that_is_no_ledger(self, tmp_path):
        (tmp_path / "a.sqlite").write_text("no database at all, but long enough to be read as one" * 20)
        with pytest.raises(BudgetError, match="cannot be read or written"):
            Ledger(tmp_path / "a.sqlite").grant("x", 1.0, 0.0)
        with sqlite3.connect(tmp_path / "b.sqlite") as table:
            table.execute("CREATE TABLE other (x)")
        table.close()
        with pytest.raises(BudgetError, match="no ledger of version 1"):
            Ledger(tmp_path / "b.sqlite").entries("x")
        with pytest.raises(BudgetError, match="cannot be opened"):
            Ledger(tmp_path / "a.sqlite" / "in a file").grant("x", 1.0, 0.0)

    def test_an_account_is_plain_values(self, ledger):
        ledger.charge("patients", Budget(0.5), "fit")
        told = ledger.account("patients").to_dict()
        assert told["left"] == {"epsilon": 0.5, "delta": 1e-6} and told["entries"][1]["what"] == "fit"
