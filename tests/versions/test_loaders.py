"""A version loads with what other people use, as it is; the lines of its card that honour the split run as printed."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from core.versions import card
from core.versions.manifest import read_version
from tests.versions.conftest import House


def folder_of(house: House) -> Path:
    return house.ws.version_dir(house.task, "v1")


def test_the_lines_on_the_card_give_the_train_images(exported: House) -> None:
    """Run in a fresh Python in the version's folder, as a person who copies them would."""
    folder = folder_of(exported)
    code = re.search(r"```python\n(.*?)```", (folder / "README.md").read_text(), re.DOTALL)
    assert code is not None
    words = [sys.executable, "-c", f"{code[1]}\nprint(json.dumps(train))"]
    told = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=True)
    train = json.loads(told.stdout)
    rows = [json.loads(line) for line in (folder / "metadata.jsonl").read_text().splitlines()]
    assert train == [row["file_name"] for row in rows if row["split"] == "train"]
    assert train
    assert all((folder / name).is_file() for name in train)


@pytest.mark.slow
def test_torchvision_takes_the_folder_as_it_is(exported: House) -> None:
    """Every image, under its class; class indices are by name, so they are matched by name."""
    datasets = pytest.importorskip("torchvision.datasets")
    found = datasets.ImageFolder(str(folder_of(exported)))
    assert found.classes == ["active", "offline"]
    assert Counter(found.classes[code] for _, code in found.samples) == {"active": 12, "offline": 12}
    assert found[0][0].size[0] > 0


@pytest.mark.slow
def test_load_dataset_takes_the_folder_as_it_is(exported: House, tmp_path: Path) -> None:
    """Every image with its class and what metadata.jsonl says of it."""
    datasets = pytest.importorskip("datasets")
    if not hasattr(datasets, "load_dataset"):  # a folder of that name in the way, not the library
        pytest.skip("the library datasets is not installed")
    found = datasets.load_dataset(
        "imagefolder", data_dir=str(folder_of(exported)), cache_dir=str(tmp_path / "cache")
    )
    assert list(found) == ["train"]
    rows = found["train"]
    assert Counter(rows["label"]) == {"active": 12, "offline": 12}
    lines = (folder_of(exported) / "metadata.jsonl").read_text().splitlines()
    assert Counter(rows["split"]) == Counter(json.loads(line)["split"] for line in lines)
    assert rows[0]["image"].size[0] > 0


@pytest.mark.slow
def test_the_hub_s_own_reader_takes_the_card(exported: House) -> None:
    """The front matter as the Hugging Face hub's library parses it; what is set is what the files hold."""
    hub = pytest.importorskip("huggingface_hub")
    version = read_version(exported.ws, exported.task, "v1")
    for license_ in ("", "CC-BY-4.0", 'Mine: "all" # rights'):
        text = card.render(version, license_=license_).decode()
        data = hub.DatasetCard(text, ignore_metadata_errors=False).data.to_dict()
        assert data["task_categories"] == ["image-classification"]
        assert data["size_categories"] == ["n<1K"]
        assert data["classes"] == {"active": 12, "offline": 12}
        assert sum(data["splits"].values()) == 24
        assert data.get("license") == ({"": None, "CC-BY-4.0": "cc-by-4.0"}.get(license_, "other"))
        assert data.get("license_name") == (license_ if ":" in license_ else None)
