import sys
from pathlib import Path

import pytest
import torch

from wuerstchen.average import average, main


def test_equal_halves_give_the_mean_and_keep_counters() -> None:
    one = {"w": torch.tensor([1.0, 2.0]), "seen": torch.tensor(7)}
    two = {"w": torch.tensor([3.0, 6.0]), "seen": torch.tensor(9)}
    mean = average([one, two], [0.5, 0.5])
    assert mean["w"].tolist() == [2.0, 4.0]
    assert mean["seen"] == 7


def test_the_average_of_a_run_with_itself_is_that_run_to_the_bit() -> None:
    state = {"w": torch.randn(1000, generator=torch.Generator().manual_seed(0))}
    assert torch.equal(average([state, state, state], [0.3, 0.3, 0.4])["w"], state["w"])


def test_weights_count_in_their_order() -> None:
    assert average([{"w": torch.tensor([0.0])}, {"w": torch.tensor([8.0])}], [0.75, 0.25])["w"].item() == 2.0


@pytest.mark.parametrize(
    ("other", "weights", "message"),
    [
        ({"w": torch.zeros(3)}, [0.5, 0.5], "run 2 does not fit run 1: w is 3 there and 2 in run 1"),
        ({"w": torch.zeros(2), "v": torch.zeros(1)}, [0.5, 0.5], "v is in only one of them"),
        ({"w": torch.zeros(2)}, [0.5, 0.6], "sum to 1.1"),
        ({"w": torch.zeros(2)}, [1.0], "2 runs but 1 weights"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(other: dict, weights: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        average([{"w": torch.zeros(2)}, other], weights)


def test_the_command_writes_the_average(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("a", 1.0), ("b", 2.0)):
        torch.save({"w": torch.tensor([value])}, tmp_path / f"{name}.pt")
    command = ["average", str(tmp_path / "a.pt"), str(tmp_path / "b.pt"), "--out", str(tmp_path / "x.pt")]
    monkeypatch.setattr(sys, "argv", command)
    main()
    assert torch.load(tmp_path / "x.pt", weights_only=True)["w"].item() == 1.5


def test_the_command_says_what_is_wrong_and_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.save({"w": torch.zeros(1)}, tmp_path / "a.pt")
    monkeypatch.setattr(
        sys, "argv", ["average", str(tmp_path / "a.pt"), str(tmp_path / "none.pt"), "--out", str(tmp_path / "x.pt")]
    )
    with pytest.raises(SystemExit, match=r"none\.pt does not exist"):
        main()
    assert not (tmp_path / "x.pt").exists()
