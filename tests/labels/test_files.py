from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Damaged, Lacking, PrintModelsError
from core.labels import files
from core.settings import Settings, tasks_of
from tests.conftest import unpack
from tests.labels.conftest import key, keys

TASK = tasks_of(Settings())["offline-detection"]
PRINTS = tasks_of(Settings())["failed-print-detection"]


def parse(text: str | bytes) -> files.LabelFile:
    return files.parse(text.encode() if isinstance(text, str) else text, TASK, "labels.json")


@pytest.mark.parametrize(
    ("value", "class_"),
    [
        ("active", "active"),
        ("ACTIVE", "active"),
        ("Active ", "active"),
        (1, "active"),
        ("1", "active"),
        (0, "offline"),
        ("0 ", "offline"),
    ],
)
def test_older_spellings_are_taken_and_counted(value: object, class_: str) -> None:
    """F-016, F-099: normalised by table, counted."""
    found = parse(json.dumps({key(0): value}))
    assert found.labels == {key(0): class_}
    assert (found.problems, found.converted) == ((), int(value != class_))


@pytest.mark.parametrize(
    "value", [2, -1, 1.0, "2", "maybe", "", True, False, None, [], ["active"], {}, {"a": 1}, 10**30]
)
def test_unknown_values_are_reported_with_line_and_kept(value: object) -> None:
    """F-016: unknown is quarantined: named with key and line, and nothing is guessed."""
    found = parse(f'{{\n  "{key(0)}": "active",\n  "{key(1)}": {json.dumps(value)}\n}}')
    assert found.labels == {key(0): "active"}
    assert [(p.key, p.line, json.loads(p.value)) for p in found.problems] == [(key(1), 3, value)]


def test_a_leading_dot_is_the_same_frame() -> None:
    assert parse(json.dumps({"./" + key(0): "active", key(0): "active"})).labels == {key(0): "active"}


@pytest.mark.parametrize("bad", ["../../x", "/etc/passwd", "a//b", "", "x", "cam/\x00/x"])
def test_a_key_that_leaves_the_workspace_is_reported(bad: str) -> None:
    found = parse(json.dumps({bad: "active", key(0): "active"}))
    assert found.labels == {key(0): "active"}
    assert [p.key for p in found.problems] == [bad]


def test_a_key_that_is_no_valid_text_is_kept_exactly() -> None:
    text = '{"cam/20251107/\\udcff.jpg": "active"}'
    found = parse(text)
    assert found.labels == {}
    assert json.loads(files.encode({}, [(p.key, p.value) for p in found.problems])) == json.loads(text)


def test_duplicates_that_differ_are_both_reported_and_both_written_back() -> None:
    """F-015: duplicate keys with different labels are listed as a conflict."""
    text = f'{{\n  "{key(0)}": "active",\n  "{key(0)}": "offline",\n  "{key(1)}": 1\n}}\n'
    found = parse(text)
    assert found.labels == {key(1): "active"}
    assert [(p.line, p.value) for p in found.problems] == [(2, '"active"'), (3, '"offline"')]
    again = files.encode(found.labels, [(p.key, p.value) for p in found.problems]).decode()
    assert again.count(key(0)) == 2
    assert parse(again).labels == {key(1): "active"}


@pytest.mark.parametrize("other", ["", "./"])
@pytest.mark.parametrize("good_first", [True, False])
def test_a_good_entry_beside_a_bad_one_of_the_same_frame_waits_with_it(other: str, good_first: bool) -> None:
    """F-015, F-016: neither is guessed, and neither is lost when the file is written again."""
    entries = [f'"{key(0)}": 1', f'"{other}{key(0)}": "garbage"']
    text = ",\n".join(entries if good_first else entries[::-1])
    found = parse(f"{{{text}}}")
    assert (found.labels, found.converted) == ({}, 0)
    assert sorted(problem.value for problem in found.problems) == ['"garbage"', "1"]
    again = files.encode(found.labels, [(p.key, p.value) for p in found.problems])
    assert {(k, str(v)) for k, v in files.pairs_of(again, "labels.json")} == {
        (key(0), "1"),
        (other + key(0), "garbage"),
    }


def test_duplicates_that_agree_are_one_label() -> None:
    assert parse(f'{{"{key(0)}": "active", "{key(0)}": 1}}').labels == {key(0): "active"}


def test_a_conflict_of_two_clones_is_a_conflict() -> None:
    found = parse(json.dumps({key(0): {"ours": "active", "theirs": "offline"}}))
    assert found.labels == {}
    assert found.problems[0].what == "conflict: ours active, theirs offline"


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", "empty"),
        (b"  \n", "empty"),
        (b"\0" * 4096, "zeros"),
        (b'{"a', "line 1"),
        (b"[]", "a list"),
        (b"7", "a single value"),
        (b"\xef\xbb\xbf{}", "byte order mark"),
        ("{}".encode("utf-16"), "UTF-16"),
        ("{}".encode("utf-16-le"), "UTF-16"),
        (b'{"cam/20251107/a.jpg": NaN}', "NaN"),
        (b'{"cam/20251107/a.jpg": -Infinity}', "-Infinity"),
        (b'{"cam/20251107/\xff.jpg": "active"}', "UTF-8 in line 1"),
        (b"[" * 100_000, "nested too deep"),
        (b'{"a/b":' * 100_000, "nested too deep"),
        (b'{"a/b": ' + b"9" * 10_000 + b"}", "labels.json"),
    ],
)
def test_what_is_no_label_file_is_an_error_and_never_no_labels(data: bytes, word: str) -> None:
    """F-013, F-017: empty, zeros, list, BOM, UTF-16, NaN, too deep: refused by name, exit code 3."""
    with pytest.raises(Damaged, match=word) as caught:
        parse(data)
    assert caught.value.exit_code == 3
    assert caught.value.remedy


def test_every_cut_of_a_label_file_is_an_error() -> None:
    """F-013: truncated anywhere."""
    data = files.encode(dict.fromkeys(keys(3), "active"))
    for end in range(len(data) - 2):
        with pytest.raises(Damaged):
            parse(data[:end])


def test_git_conflict_markers_are_named_with_their_lines() -> None:
    """F-014: named error, line numbers."""
    text = '{\n<<<<<<< HEAD\n  "a/b": "active"\n=======\n  "a/b": "offline"\n>>>>>>> theirs\n}\n'
    with pytest.raises(Damaged, match="lines 2, 4, 6"):
        parse(text)


def test_a_file_larger_than_any_label_file_is_not_read(tmp_path: Path) -> None:
    """F-017: 100 MB."""
    path = tmp_path / "labels.json"
    path.touch()
    os.truncate(path, 100_000_000)
    with pytest.raises(Damaged, match="larger"):
        files.read(path, TASK)
    with pytest.raises(Lacking):
        files.read(tmp_path / "none.json", TASK)


def test_writing_is_sorted_and_readable(tmp_path: Path) -> None:
    path = tmp_path / "data" / "labels.json"
    files.write(path, {"b/c": "active", "a/ä": "offline"})
    assert path.read_text() == '{\n  "a/ä": "offline",\n  "b/c": "active"\n}\n'
    assert files.encode({}) == b"{}\n"


texts = st.text(st.characters(codec="utf-8"), max_size=8)
values = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 5), texts, st.sampled_from(["active", "OFFLINE", "1"])
)


@given(st.lists(st.tuples(st.one_of(texts, st.sampled_from(keys(4))), values), max_size=8))
@settings(max_examples=200, deadline=None)
def test_nothing_is_lost_between_reading_and_writing(entries: list[tuple[str, object]]) -> None:
    text = "{" + ", ".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in entries) + "}"
    found = parse(text)
    assert all(value in TASK.classes for value in found.labels.values())
    named = set(found.labels) | {problem.key.removeprefix("./") for problem in found.problems}
    assert named == {k.removeprefix("./") for k, _ in entries}
    written = files.encode(found.labels, [(p.key, p.value) for p in found.problems])
    again = parse(written)
    assert again.labels == found.labels
    assert {(p.key, p.value) for p in again.problems} == {(p.key, p.value) for p in found.problems}


@given(st.binary(max_size=300))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_labels_or_a_sentence(data: bytes) -> None:
    try:
        parse(data)
    except PrintModelsError as error:
        assert error.what  # noqa: PT017  # either outcome is right


def test_the_label_files_of_a_real_predecessor_are_read(tmp_path: Path) -> None:
    default = Path(__file__).resolve().parents[3] / "shared" / "real"
    archive = Path(os.environ.get("PRINT_MODELS_REAL", default)) / "legacy.tar.gz"
    if not archive.is_file():
        pytest.skip("no real legacy data here (PRINT_MODELS_REAL, or ../shared/real)")
    unpack(archive, tmp_path)
    found = files.read(tmp_path / "data" / "labels.json", TASK)
    assert (len(found.labels), found.converted, found.problems) == (169, 18, ())
    assert sorted(found.labels.values()).count("offline") == 90
    prints = files.read(tmp_path / "data" / "failed_print_labels.json", PRINTS)
    assert (len(prints.labels), prints.converted, prints.problems) == (196, 0, ())
