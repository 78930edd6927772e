"""Model files from strangers: what they hold is told from their bytes; what would run, or fill the memory, never does."""

from __future__ import annotations

import json
import os
import struct
import warnings
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Damaged, Lacking
from core.training import pickled, vetting
from tests.conftest import Cli
from tests.training import hostile
from tests.training.hostile import (
    BOMBS,
    EVIL,
    FLOATS,
    PLAIN,
    STATE,
    View,
    archive,
    evil,
    safetensors,
    torch_zip,
)


def _write(folder: Path, data: bytes, name: str = "model.pth") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("form", PLAIN)
def test_a_good_file_of_any_form_is_known_by_its_content(tmp_path: Path, form: str) -> None:
    held = vetting.look(_write(tmp_path, PLAIN[form], "called.anything"))
    assert held.tensors == {"fc.weight": ("float", (2, 3))}
    if "checkpoint" in form:
        assert held.left == ("optimizer_state_dict",)
        assert held.plain == {"epoch": 7, "val_acc": 0.97, "val_loss": 0.12}


@pytest.mark.parametrize("form", EVIL)
def test_f_101_code_in_a_model_file_is_never_run(tmp_path: Path, form: str) -> None:
    """ "not loaded: contains code", no execution; in whatever form it comes, and what it names is told."""
    path, mark = evil(form, tmp_path)
    with pytest.raises(
        Damaged, match=r"not loaded: contains code \(.+\), and nothing of it was run"
    ) as caught:
        vetting.look(path)
    assert caught.value.exit_code == 3
    assert not mark.exists()


@pytest.mark.parametrize("door", [("train", "--weights"), ("adopt",)])
def test_f_101_every_door_asks_before_torch_is_started(
    bare_copy: Path, cli: Cli, door: tuple[str, ...]
) -> None:
    """ "not loaded: contains code", no execution; by the command line."""
    path, mark = evil("zip", bare_copy)
    # A torch that is imported at all ends this at once: the file is looked at without it.
    stop = bare_copy / "no-torch"
    stop.mkdir()
    for name in ("torch", "torchvision"):
        (stop / f"{name}.py").write_text("import os; os._exit(77)\n")
    done = cli(bare_copy, *door, path, env={"PYTHONPATH": f"{stop}{os.pathsep}{Path(__file__).parents[2]}"})
    assert done.code == 3, done.err
    assert "not loaded: contains code (os.system)" in done.err
    assert not mark.exists()
    assert not list((bare_copy / "models").rglob("*.pth"))


@pytest.mark.parametrize("bomb", BOMBS)
def test_f_102_a_bomb_is_refused_on_paper(tmp_path: Path, bomb: str) -> None:
    """refused ≤ 5 s under RLIMIT_AS: the process that looks has 5 s and its memory, and ends with a reason of its own."""
    path = _write(tmp_path, BOMBS[bomb]())
    with pytest.raises(Damaged, match="was not loaded: ") as caught:
        vetting.vet(path)
    assert caught.value.exit_code == 3
    assert "looking at it took more than" not in caught.value.what


def test_f_102_what_needs_more_than_the_limits_is_refused_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """refused ≤ 5 s under RLIMIT_AS: a file that no rule knows ends the process that looks, not the one that asks."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    greedy = "import pickletools\npickletools.genops = lambda file: [bytearray(1 << 31)]\n"
    (tmp_path / "sitecustomize.py").write_text(greedy)
    path = _write(tmp_path, PLAIN["a state dict"])
    with pytest.raises(Damaged, match="took more than"):
        vetting.vet(path)


def test_f_103_a_pointer_says_how_to_get_the_weights(bare_copy: Path, cli: Cli) -> None:
    """tells `git lfs pull`."""
    oid = "0" * 64
    _write(bare_copy, f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize 9\n".encode())
    for door in (("adopt", "model.pth"), ("train", "--weights", "model.pth")):
        done = cli(bare_copy, *door)
        assert done.code == 5, done.err
        assert "Git LFS pointer" in done.err
        assert "git lfs pull" in done.err


@pytest.mark.parametrize(
    ("number", "named"), [(float("nan"), True), (float("inf"), True), (-float("inf"), True), (3e38, False)]
)
def test_f_104_numbers_that_are_not_finite_are_named_with_their_tensor(
    tmp_path: Path, number: float, named: bool
) -> None:
    """named mismatch; large numbers are fine as long as they are numbers."""
    data = torch_zip(STATE, {"0": struct.pack("<6f", 1, number, 3, number, 5, 6)})
    if not named:
        assert vetting.look(_write(tmp_path, data)).tensors
        return
    with pytest.raises(Damaged, match=r"fc\.weight holds numbers that are not finite") as caught:
        vetting.look(_write(tmp_path, data))
    assert caught.value.exit_code == 3


@pytest.mark.parametrize(
    ("kind", "bits"), [("HalfStorage", 0x7C00), ("BFloat16Storage", 0x7F80), ("DoubleStorage", None)]
)
def test_f_104_also_in_other_widths(tmp_path: Path, kind: str, bits: int | None) -> None:
    """named mismatch, in numbers of half and double width."""
    for odd in (False, True):
        if bits is None:
            numbers = struct.pack("<2d", 1.7e308, float("nan") if odd else 1.7e308)
        else:
            numbers = struct.pack("<2H", 0x3C00, bits if odd else 0x3C01)
        path = _write(
            tmp_path, torch_zip({"a": View(kind=kind, count=2, shape=(2,), strides=(1,))}, {"0": numbers})
        )
        if odd:
            with pytest.raises(Damaged, match="a holds numbers that are not finite"):
                vetting.look(path)
        else:
            assert vetting.look(path).tensors == {"a": (kind.removesuffix("Storage").lower(), (2,))}


_TWICE = '{"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},"a":{"dtype":"F32","shape":[6],"data_offsets":[0,24]}}'
_HEADERS = {
    "a key twice": _TWICE,
    "over each other": json.dumps(
        {n: {"dtype": "F32", "shape": [4], "data_offsets": [at, at + 16]} for n, at in (("a", 0), ("b", 8))}
    ),
    "beyond the file": json.dumps({"a": {"dtype": "F32", "shape": [9], "data_offsets": [0, 36]}}),
    "another size than its shape": json.dumps(
        {"a": {"dtype": "F32", "shape": [99], "data_offsets": [0, 24]}}
    ),
    "a gap": json.dumps({"a": {"dtype": "F32", "shape": [5], "data_offsets": [4, 24]}}),
    "no kind": json.dumps({"a": {"dtype": "X9", "shape": [6], "data_offsets": [0, 24]}}),
    "no header": "[" * 100_000,
    "numbers that are none": '{"a":{"dtype":"F32","shape":[NaN],"data_offsets":[0,24]}}',
}


@pytest.mark.parametrize("odd", _HEADERS)
def test_f_105_safetensors_whose_header_says_two_things(tmp_path: Path, odd: str) -> None:
    """refused: a key twice, tensors over each other or outside the file."""
    with pytest.raises(Damaged, match="was not loaded: ") as caught:
        vetting.look(_write(tmp_path, safetensors(_HEADERS[odd]), "model.safetensors"))
    assert caught.value.exit_code == 3


def test_f_105_a_header_of_100_mb_is_not_read(tmp_path: Path) -> None:
    """refused, by what it claims alone: nothing of it is read."""
    path = _write(tmp_path, struct.pack("<Q", 100 << 20) + b"{", "model.safetensors")
    os.truncate(path, (100 << 20) + 8)
    with pytest.raises(Damaged, match="its header claims") as caught:
        vetting.vet(path)
    assert caught.value.exit_code == 3


@pytest.mark.parametrize("cut", range(0, len(PLAIN["a checkpoint"]), 61))
def test_a_file_that_is_cut_short_anywhere_is_refused(tmp_path: Path, cut: int) -> None:
    for form in ("a checkpoint", "a checkpoint of an old torch", "safetensors"):
        if cut < len(PLAIN[form]):
            with pytest.raises(Damaged):
                vetting.look(_write(tmp_path, PLAIN[form][:cut]))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (torch_zip(STATE, root="a/") + b"behind", None),
        (b"in front" + torch_zip(STATE), "no file of weights"),
        (archive({"data.pkl": hostile.pickled(STATE), "data/0": FLOATS}, how=zipfile.ZIP_DEFLATED), "packed"),
        (archive({"data.pkl": hostile.pickled(STATE), "data/0": FLOATS, "more": b""}), "does not write"),
        (archive({"data.pkl": hostile.pickled(STATE) + b"more", "data/0": FLOATS}), "behind its pickle"),
        (torch_zip({"a": 1}), "holds no weights"),
        (torch_zip([1]), "holds no weights"),
        (b"hello", "no file of weights"),
        (b"cat\nand dog\n", "no file of weights"),
        (bytes(1000), "no file of weights"),
        (b"", "is empty"),
    ],
)
def test_what_is_no_file_of_weights_is_said(tmp_path: Path, data: bytes, said: str | None) -> None:
    path = _write(tmp_path, data)
    if said is None:
        assert vetting.look(path).form == "zip"
        return
    with pytest.raises(Damaged, match=said):
        vetting.look(path)


@given(data=st.data())
@settings(max_examples=150)
def test_a_damaged_file_is_known_or_refused_and_nothing_else(data: st.DataObject) -> None:
    file = bytearray(PLAIN[data.draw(st.sampled_from(sorted(PLAIN)))])
    for at, byte, cut in data.draw(
        st.lists(st.tuples(st.integers(0, len(file) - 9), st.integers(0, 255), st.integers(0, 3)), max_size=8)
    ):
        file[at : at + cut] = bytes([byte])
    with suppress(Damaged):  # anything else that is raised fails this test
        assert vetting.look_at(memoryview(bytes(file)), "model.pth").form in ("zip", "legacy", "safetensors")


def test_what_is_no_plain_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, tmp_path / "absent"):
        with pytest.raises(Lacking):
            vetting.look(path)


def test_real_weights_are_told_tensor_by_tensor(real_frames: Path) -> None:
    held = vetting.vet(real_frames.parent / "weights" / "mobilenet_v2.pth")
    assert len(held.tensors) == 314
    assert held.tensors["classifier.1.weight"] == ("float", (1000, 1280))


def test_a_text_with_an_escape_that_is_none_is_looked_at_without_a_word() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert pickled.read(b"S'\\K'\n.")[0] == "\\K"
