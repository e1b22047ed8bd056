"""Progress as bars on standard error; nothing when it is no terminal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from trasunto.progress import Progress, quiet


@contextmanager
def shown(silent: bool = False) -> Iterator[Progress]:
    """A progress to hand to work: a bar for each step, with the time gone and the time left."""
    from rich.console import Console

    console = Console(stderr=True)
    if silent or not console.is_terminal:
        yield quiet
        return
    from rich.progress import BarColumn, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    bars = Bars(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        TextColumn("{task.completed:,.0f} of {task.total:,.0f}"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=console,
    )
    tasks: dict[str, TaskID] = {}

    def tell(what: str, done: int, total: int) -> None:
        if what.startswith("planned: "):
            console.print(f"This takes {what.removeprefix('planned: ')}.")
            return
        if " is left out: " in what:
            console.print(what, markup=False)
            return
        if what in tasks and done == 0 and bars.tasks[tasks[what]].finished:
            # The same step begins again (another arm, another round): its bar starts anew.
            bars.reset(tasks[what])
        if what not in tasks:
            tasks[what] = bars.add_task(what, total=max(total, 1))
        bars.update(tasks[what], completed=done, total=max(total, 1))

    with bars:
        yield tell
