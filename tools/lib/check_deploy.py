"""Checks the files of deploy/ and helm/: YAML parses, and where helm (and kubeconform) are
installed, the chart lints, renders exactly the golden and makes Secrets that can be used. `--update`
writes the golden.
"""

import base64
import pathlib
import shutil
import subprocess
import sys

import yaml

CHART = pathlib.Path("helm/quartermaster")
GOLDEN = pathlib.Path("tests/golden/helm.yaml")


def tool(name: str):
    return shutil.which(name) or shutil.which(str(pathlib.Path.home() / "go/bin" / name))


def run(*command, stdin=None) -> str:
    done = subprocess.run(command, capture_output=True, text=True, input=stdin)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    return done.stdout


def plain_yaml():
    for path in [*pathlib.Path("deploy").rglob("*.yaml"), *CHART.glob("*.yaml"), *(CHART / "ci").glob("*.yaml"), GOLDEN]:
        list(yaml.safe_load_all(path.read_text()))


def made_secrets(helm: str):
    """What the chart makes when no Secret is given is random, so it is no part of the golden."""
    rendered = run(
        helm, "template", "--kube-version", "1.28.0", "qm", str(CHART), "--namespace", "estate",
        "--set", "database.connectionString=host=pg,database.passwordSecret=d,keyEncryptionKeySecret=k",
        "--set", "metrics.tokenSecret=m,gateway.serverNames={licenses.example,10.1.2.3}")
    secrets = {
        manifest["metadata"]["name"]: {key: base64.b64decode(value).decode() for key, value in manifest["data"].items()}
        for manifest in yaml.safe_load_all(rendered)
        if manifest["kind"] == "Secret"
    }
    certificate = secrets["qm-gateway-tls"]["tls.crt"]
    names = run("openssl", "x509", "-noout", "-ext", "subjectAltName", stdin=certificate)
    got = set(names.split("\n", 1)[1].strip().split(", "))
    want = {"IP Address:127.0.0.1", "DNS:localhost", "DNS:licenses.example", "IP Address:10.1.2.3", "DNS:qm-gateway",
            "DNS:qm-gateway.estate", "DNS:qm-gateway.estate.svc", "DNS:qm-gateway.estate.svc.cluster.local"}
    if not want <= got:
        raise SystemExit(f"qm-gateway-tls: subject alternative names: got {sorted(got)}, want also {sorted(want - got)}")
    secret = secrets["qm-administrator"]["secret"]
    if len(secret) != 43 or not secret.isalnum():
        raise SystemExit(f"qm-administrator: secret: got {len(secret)} characters, want 43 letters and digits")


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
    made_secrets(helm)
    if tool("kubeconform"):
        print("NOTE kubeconform needs its schemas from the network; run it by hand on the golden")


def main():
    chart("--update" in sys.argv)
    plain_yaml()


if __name__ == "__main__":
    main()
