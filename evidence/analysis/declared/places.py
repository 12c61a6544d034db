"""Where declared analyses lie: in the project's folder, else inside the installed package."""

from __future__ import annotations

from pathlib import Path

from evidence.errors import AnalysisFileError, UnknownName
from evidence.project import PACKAGE, project_folder


def analyses_folder() -> Path:
    """Return the folder with the declared analyses.

    That of the project's folder if it is the current directory; else the one beside the package, or
    inside it as it was installed.

    Raises
    ------
    AnalysisFileError
        Neither the project nor the installed package has one.
    """
    if (project := project_folder()) is not None:
        return project / "analyses"
    for candidate in (PACKAGE.parent / "analyses", PACKAGE / "shipped" / "analyses"):
        if candidate.is_dir():
            return candidate
    raise AnalysisFileError(
        "No folder `analyses` was found, in the project or in the installed package."
    )


def all_slugs(folder: Path | None = None) -> tuple[str, ...]:
    """Return the slugs of all declared analyses, sorted.

    Parameters
    ----------
    folder : Path, optional
        Folder of the analyses; that of the project if left out.
    """
    return tuple(sorted(path.stem for path in (folder or analyses_folder()).glob("*.yaml")))


def analysis_path(name: str | Path, folder: Path | None = None) -> Path:
    """Return the file of an analysis, given its slug or its path.

    Parameters
    ----------
    name : str or Path
        Slug, or path of a YAML file.
    folder : Path, optional
        Folder of the analyses; that of the project if left out.

    Raises
    ------
    UnknownName
        No analysis has this slug; the nearest ones are named.
    """
    path = Path(name)
    if path.suffix in (".yaml", ".yml"):
        return path
    slugs = all_slugs(folder)
    if str(name) not in slugs:
        raise UnknownName(
            "declared analysis", str(name), slugs, "An analysis is a file analyses/<slug>.yaml."
        )
    return (folder or analyses_folder()) / f"{name}.yaml"
