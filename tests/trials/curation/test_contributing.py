"""The example of CONTRIBUTING.md, tried as a new user would: one file, one source, one command."""

import re
import shutil

import pytest
import yaml

from evidence import load_trials
from evidence.interfaces.cli import main


@pytest.fixture
def blocks(project):
    text = (project / "CONTRIBUTING.md").read_text(encoding="utf-8")
    return re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)


def test_the_example_adds_a_trial_with_one_file_and_one_command(project, blocks, tmp_path, capsys):
    study, source = blocks
    data = tmp_path / "data"
    shutil.copytree(project / "data", data)
    study_id = yaml.safe_load(study)["study_id"]
    (data / "studies" / f"{study_id}.yaml").write_text(study, encoding="utf-8")
    with (data / "sources.yaml").open("a", encoding="utf-8") as file:
        file.write("\n" + source)
    built = tmp_path / "trials.parquet"
    with pytest.raises(SystemExit) as ended:
        main(["data", "build", "--data", str(data), "--output", str(built)])
    assert ended.value.code in (0, None), capsys.readouterr().err
    rows = load_trials(built).rows()
    added = {row["statistic"]: row for row in rows if row["study_id"] == study_id}
    assert added["n"]["value"] == 210.0
    assert (added["rate_ratio"]["value"], added["rate_ratio"]["ci_high"]) == (0.5, 0.66)
