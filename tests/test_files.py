from pathlib import Path

import pytest

from evidence.files import write_bytes, write_text


def broken(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_a_file_is_written_with_the_folders_above_it(tmp_path):
    write_bytes(tmp_path / "a" / "b" / "c.bin", b"\x00\xff")
    assert (tmp_path / "a" / "b" / "c.bin").read_bytes() == b"\x00\xff"


def test_text_is_utf_8_with_unix_line_ends(tmp_path):
    write_text(tmp_path / "t.txt", "τ² −1\n")
    assert (tmp_path / "t.txt").read_bytes() == "τ² −1\n".encode()


def test_others_can_read_what_was_written(tmp_path):
    write_bytes(tmp_path / "t", b"x")
    assert (tmp_path / "t").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("step", ["replace", "chmod"])
def test_an_interrupted_write_leaves_the_old_file_and_nothing_beside_it(
    tmp_path, monkeypatch, step
):
    path = tmp_path / "dataset"
    write_bytes(path, b"old")
    monkeypatch.setattr(Path, step, broken)
    with pytest.raises(KeyboardInterrupt):
        write_bytes(path, b"new and longer")
    assert path.read_bytes() == b"old"
    assert [file.name for file in tmp_path.iterdir()] == ["dataset"]


def test_a_disk_that_fills_up_leaves_no_half_file(tmp_path, monkeypatch):
    def fill(path, content):
        with path.open("wb") as file:
            file.write(content[:3])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", fill)
    with pytest.raises(OSError, match="No space"):
        write_bytes(tmp_path / "report", b"123456789")
    assert list(tmp_path.iterdir()) == []


def test_writing_again_replaces_the_whole_file(tmp_path):
    write_bytes(tmp_path / "t", b"a long content")
    write_bytes(tmp_path / "t", b"short")
    assert (tmp_path / "t").read_bytes() == b"short"
