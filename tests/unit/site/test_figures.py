"""How the figures of the benchmarks are held to goals, printed, kept and compared."""

import tempfile
from pathlib import Path

import pytest
from figures import Figure, finish, judge, options, paired, read, table, write
from hypothesis import given
from hypothesis import strategies as st

pytestmark = pytest.mark.build

numbers = st.floats(0.001, 1e6)


def test_the_table_has_what_is_known_and_no_empty_column() -> None:
    lines = table([Figure("boot", [210, 200, 190], "ms"), Figure("boot ÷ stock", [0.25, 0.26, 0.31], most=0.26)])
    assert lines.splitlines() == [
        "figure        n  median      range    goal",
        "boot, ms      3     200    190–210",
        "boot ÷ stock  3    0.26  0.25–0.31  ≤ 0.26  ok",
    ]


def test_a_figure_beside_that_of_an_earlier_run() -> None:
    before = {"a": Figure("a", [100, 101]), "b": Figure("b", [10, 30]), "gone": Figure("gone", [1])}
    lines = table([Figure("a", [50, 51]), Figure("b", [25, 15]), Figure("new", [3])], before)
    header, *rows = (line.split() for line in lines.splitlines())
    assert header == ["figure", "n", "median", "range", "before", "change"]
    assert rows == [
        ["a", "2", "50.5", "50–51", "100", "-50%"],
        ["b", "2", "20", "15–25", "20", "+0%", "~"],
        ["new", "1", "3", "3–3"],
    ]


def test_cpu_time_stands_beside_the_time() -> None:
    assert table([Figure("boot", [200.0], "ms", cpu=[90.0])]).splitlines()[1].split()[-2:] == ["200–200", "90"]


@pytest.mark.parametrize(
    ("figure", "said"),
    [
        (Figure("boot", [1, 2, 3], most=1.9), "Missed: boot: 2, ≤ 1.9 wanted"),
        (Figure("rate", [1, 2, 3], least=2.1), "Missed: rate: 2, ≥ 2.1 wanted"),
        (Figure("boot", [1, 2, 3], most=2), 0),
        (Figure("rate", [1, 2, 300], least=2), 0),
        (Figure("time", [9]), 0),
    ],
)
def test_the_program_ends_by_the_goals(figure: Figure, said: object) -> None:
    with pytest.raises(SystemExit) as ended:
        judge([Figure("other", [1], most=1), figure])
    assert ended.value.code == said


@given(st.lists(st.builds(Figure, st.text(), st.lists(numbers, min_size=1), cpu=st.lists(numbers)), max_size=3))
def test_what_is_kept_is_read_again(figures: list[Figure]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "kept.json"
        write(path, figures)
        assert read(path) == figures


def test_a_benchmark_keeps_its_figures_also_when_a_goal_is_missed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "kept.json"
    arguments = options("What it measures.\n\nMore.").parse_args(["--json", str(file)])
    with pytest.raises(SystemExit, match="Missed: boot"):
        finish([Figure("boot", [2.0], most=1)], arguments)
    assert read(file) == [Figure("boot", [2.0], most=1)]
    assert "missed" in capsys.readouterr().out


@given(st.lists(st.tuples(numbers, numbers), min_size=1))
def test_ratios_are_of_what_was_measured_in_turn(pairs: list[tuple[float, float]]) -> None:
    ours, theirs = zip(*pairs, strict=True)
    assert paired(ours, theirs) == [our / their for our, their in pairs]
