"""Which files Airflow takes for DAG files."""

from __future__ import annotations

from pathlib import Path

from system_daemon.local.parsing import dag_files


def test_a_dag_file_names_both_words(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("from airflow.sdk import DAG")
    (tmp_path / "b.py").write_text("print('neither')")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "c.py").write_text("# Airflow dag")
    (tmp_path / "notes.txt").write_text("airflow dag")
    assert dag_files(tmp_path) == [tmp_path / "a.py", tmp_path / "sub" / "c.py"]


def test_no_folder_no_files(tmp_path: Path) -> None:
    assert dag_files(tmp_path / "absent") == []
