"""The folders that each way of deploying gives an Airflow component, and its import path."""

from __future__ import annotations

import os
import shutil
import sysconfig
from dataclasses import dataclass, replace
from pathlib import Path

from tests.airflow_settings import PROJECT

_LEFT_OUT = shutil.ignore_patterns("__pycache__", ".*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What the components of one deployment find."""

    home: Path
    """AIRFLOW_HOME."""
    path: tuple[Path, ...]
    """PYTHONPATH, or what pip installed."""
    config: Path | None = None
    """SYSTEM_DAEMON_CONFIG, where the deployment has to set it."""
    dags: bool = True
    plugins: bool = True
    by_file: bool = False
    """Whether folders are told in airflow.cfg, and not in the environment."""

    def elsewhere(self, home: Path) -> Layout:
        """The same for a component that gets no DAG files, and no plugins unless all do."""
        home.mkdir()
        if self.plugins:
            _copy(home, "plugins")
        if self.by_file:
            _write_settings(home)
        return replace(self, home=home, dags=False)

    def environment(self) -> dict[str, str]:
        """The whole environment of a component: nothing of the tests' own."""
        packages = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
        variables = {
            "AIRFLOW_HOME": str(self.home),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR",
            "PATH": os.defpath,
            "LANG": "C.UTF-8",
            "PYTHONPATH": os.pathsep.join([*map(str, self.path), *sorted(packages)]),
        }
        if not self.by_file:
            variables["AIRFLOW__CORE__DAGS_FOLDER"] = str(self.home / "dags")
            variables["AIRFLOW__CORE__PLUGINS_FOLDER"] = str(self.home / "plugins")
        if self.config is not None:
            variables["SYSTEM_DAEMON_CONFIG"] = str(self.config)
        return variables


def astro(home: Path, _installed: Path) -> Layout:
    """An image of Astro's runtime: all three folders in every component."""
    _copy(home, "dags", "plugins", "include")
    return Layout(home=home, path=(home / "include",))


def official_compose(home: Path, _installed: Path) -> Layout:
    """Airflow's own compose file, which mounts DAGs and plugins; the package lies elsewhere.

    Ours is started as a whole in tests/cluster.
    """
    _copy(home, "dags", "plugins")
    (home / "config").mkdir()
    mounted = home.with_name("mounted")
    _copy(mounted, "include")
    return Layout(home=home, path=(mounted / "include",))


def helm(home: Path, _installed: Path) -> Layout:
    """The chart with our image: settings in a file, and the configuration from a ConfigMap."""
    _copy(home, "dags", "plugins", "include")
    shutil.rmtree(home / "include" / "config")
    _write_settings(home)
    mounted = _config_map(home.with_name("mounted"))
    return Layout(home=home, path=(home / "include",), config=mounted, by_file=True)


def managed_with_plugins(home: Path, installed: Path) -> Layout:
    """A managed Airflow with the wheel in its requirements and a plugins folder; no include."""
    _copy(home, "dags", "plugins")
    return _with_configuration_beside_dags(Layout(home=home, path=(installed,)))


def managed(home: Path, installed: Path) -> Layout:
    """A managed Airflow with the wheel and the DAG files alone."""
    _copy(home, "dags")
    return _with_configuration_beside_dags(Layout(home=home, path=(installed,), plugins=False))


LAYOUTS = (astro, official_compose, helm, managed_with_plugins, managed)


def _with_configuration_beside_dags(layout: Layout) -> Layout:
    config = layout.home / "dags" / "config"
    shutil.copytree(PROJECT / "include" / "config", config)
    return replace(layout, config=config)


def _config_map(folder: Path) -> Path:
    """As Kubernetes mounts it: each name a link through one that is exchanged with each edit."""
    version = folder / "..2026_01_01_00_00_00.1"
    version.mkdir(parents=True)
    (folder / "..data").symlink_to(version.name)
    for file in (PROJECT / "include" / "config").glob("*.json"):
        shutil.copy(file, version)
        (folder / file.name).symlink_to(f"..data/{file.name}")
    return folder


def _write_settings(home: Path) -> None:
    folders = f"dags_folder = {home / 'dags'}\nplugins_folder = {home / 'plugins'}\n"
    (home / "airflow.cfg").write_text(f"[core]\n{folders}", encoding="utf-8")


def _copy(home: Path, *folders: str) -> None:
    for folder in folders:
        shutil.copytree(PROJECT / folder, home / folder, ignore=_LEFT_OUT)
