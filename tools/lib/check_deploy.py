"""Checks the files of deploy/ and helm/: YAML parses, and where helm (and kubeconform) are
installed, the chart lints and renders exactly the golden. `--update` writes the golden.
"""

import pathlib
import shutil
import subprocess
import sys

import yaml

CHART = pathlib.Path("helm/quartermaster")
GOLDEN = pathlib.Path("tests/golden/helm.yaml")


def tool(name: str):
    return shutil.which(name) or shutil.which(str(pathlib.Path.home() / "go/bin" / name))


def run(*command) -> str:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    return done.stdout


def plain_yaml():
    for path in [*pathlib.Path("deploy").rglob("*.yaml"), *CHART.glob("*.yaml"), *(CHART / "ci").glob("*.yaml"), GOLDEN]:
        list(yaml.safe_load_all(path.read_text()))


def chart(update: bool):
    helm = tool("helm")
    if not helm:
        print("NOTE helm is not installed: the chart's YAML was parsed from the golden, not rendered")
        return
    values = str(CHART / "ci/golden-values.yaml")
    run(helm, "lint", "--strict", "--kube-version", "1.28.0", str(CHART), "-f", values)
    rendered = run(helm, "template", "--kube-version", "1.28.0", "qm", str(CHART), "-f", values, "--namespace", "quartermaster")
    if update:
        GOLDEN.parent.mkdir(exist_ok=True)
        GOLDEN.write_text(rendered)
    elif GOLDEN.read_text() != rendered:
        raise SystemExit(f"{GOLDEN} differs from what the chart renders; look, then: python3 {__file__} --update")
    if tool("kubeconform"):
        print("NOTE kubeconform needs its schemas from the network; run it by hand on the golden")


def main():
    chart("--update" in sys.argv)
    plain_yaml()


if __name__ == "__main__":
    main()
