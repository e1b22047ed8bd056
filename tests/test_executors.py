import os
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

import trasunto.errors as errors
from trasunto.executors import Local, Processes, current, executing, executor_of

sys.path.insert(0, str(Path(__file__).parent))
from work_to_do import doubled, dying, met, nested, own, refusing, summed

EVERYWHERE = [Local(1), Local(3), Processes(2)]


@pytest.mark.parametrize("executor", EVERYWHERE, ids=str)
def test_results_come_in_order_wherever_they_are_made(executor):
    assert list(executor.map(doubled, range(9))) == [2 * each for each in range(9)]
    assert list(executor.map(doubled, [])) == []
    shared = np.arange(10.0)
    assert list(executor.map(summed, iter(range(3)), shared=shared)) == [45.0, 45.0, 44.0]


@pytest.mark.parametrize("executor", EVERYWHERE, ids=str)
def test_an_error_keeps_its_kind_and_words(executor):
    results = executor.map(refusing, range(20))
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(errors.FitError, match="Item 2 cannot be done") as caught:
        next(results)
    assert caught.value.next_move == "Leave it out."


def test_items_are_taken_as_they_are_needed_and_calling_off_stops_the_rest():
    taken = []

    def items():
        for each in range(1000):
            taken.append(each)
            yield each

    results = Local(2).map(doubled, items())
    assert next(results) == 0
    results.close()
    assert len(taken) < 10


@pytest.mark.parametrize("executor", EVERYWHERE[1:], ids=str)
def test_parts_do_not_spread_again_but_a_single_one_may(executor):
    with executing(executor):
        assert list(current().map(nested, [2, 3])) == [(1, [0, 2]), (1, [0, 2, 4])]
        assert list(current().map(nested, [2])) == [(executor.workers, [0, 2])]
    assert current() == Local()


def test_work_is_done_by_others():
    assert len({thread for _, thread in Local(2).map(own, range(30), shared=1)} - {threading.get_ident()}) >= 1
    assert os.getpid() not in {process for process, _ in Processes(2).map(own, range(4), shared=1)}


def test_a_process_that_is_killed_is_told():
    with pytest.raises(errors.ExecutorError, match=r"was killed.*processes:2"):
        list(Processes(2).map(dying, range(3)))


def test_processes_that_work_together_begin_anew_when_one_is_lost(tmp_path):
    assert Processes(2).together(met, tmp_path / "died", files=tmp_path) == (0, 2, 1)
    with pytest.raises(errors.FitError, match="Nothing can be learnt"):
        Processes(2).together(met, None, files=tmp_path)
    assert Local().together(own, 0, files=tmp_path)[0] == os.getpid()


def test_executors_have_addresses():
    assert executor_of("local") == Local() and executor_of("local:2") == Local(2)
    assert executor_of("processes") == Processes() and executor_of("processes:4").workers == 4
    with executing("local:3") as made:
        assert made is current() and made.workers == 3
        with executing(None):
            assert current() is made
    for wrong in ("local:", "local:0", "processes:many"):
        with pytest.raises(errors.RecipeError, match=wrong):
            executor_of(wrong)
    with pytest.raises(errors.UnknownNameError, match="'local'"):
        executor_of("locl")
