"""A real node for black-box tests: real processes, real PostgreSQL, real TLS, free ports.

Everything goes through the programs that users have (qmctl, agent, fleet). Each node has its own
directory and ports, so tests pass beside a running node and beside each other.
"""

import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

REPO = pathlib.Path(__file__).resolve().parents[2]
LONG = os.environ.get("QM_TEST_LONG") == "1"
FIXTURES = REPO / "tests" / "fixtures"


def binary(name: str) -> str:
    """Path of a built program, for example "clients/qmctl/qmctl"."""
    path = pathlib.Path(os.environ.get("QM_TEST_BIN", REPO / "bazel-bin")) / name
    if not path.exists():
        raise AssertionError(f"{path} is not built; run tools/dev build")
    return str(path)


def free_ports(count: int) -> list:
    """Below the range from which the system takes the ports of outgoing connections: one of those could
    be taken between this answer and its use."""
    sockets = []
    try:
        while len(sockets) < count:
            s = socket.socket()
            try:
                s.bind(("127.0.0.1", random.randrange(20000, 32000)))
                sockets.append(s)
            except OSError:
                s.close()
        return [s.getsockname()[1] for s in sockets]
    finally:
        for s in sockets:
            s.close()


def work_directory(prefix: str) -> pathlib.Path:
    """A fresh directory that PostgreSQL's own user can reach too, with a short path for sockets."""
    path = pathlib.Path(tempfile.mkdtemp(prefix=f"qm-{prefix}-", dir="/tmp"))
    path.chmod(0o755)
    return path


def peak_mib(pid: int) -> float:
    """Peak resident memory of a process."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


class Finished:
    """What a program printed and how it ended."""

    def __init__(self, completed: subprocess.CompletedProcess):
        self.code = completed.returncode
        self.out = completed.stdout.decode(errors="replace")
        self.err = completed.stderr.decode(errors="replace")

    def json(self):
        return json.loads(self.out)

    def __repr__(self):
        return f"exit {self.code}\n{self.out}\n{self.err}"


class Node:
    """The all-in-one shape with its embedded PostgreSQL. Use as a context manager."""

    def __init__(self, name: str = "node", extra_config: str = ""):
        self.directory = work_directory(name)
        self.rest, self.grpc, self.metrics = free_ports(3)
        self.process = None
        self.config = self.directory / "quartermaster.yaml"
        self.config.write_text(
            f"""node_name: {name}
data_directory: {self.directory}/data
gateway:
  rest_listen: 127.0.0.1:{self.rest}
  grpc_listen: 127.0.0.1:{self.grpc}
metrics:
  listen: 127.0.0.1:{self.metrics}
{extra_config}"""
        )

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    @property
    def log(self) -> pathlib.Path:
        return self.directory / "node.log"

    @property
    def credentials(self) -> pathlib.Path:
        return self.directory / "data" / "credentials" / "administrator.json"

    def spawn(self):
        """Starts the process without waiting for it to be ready."""
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [binary("services/allinone/allinone"), "--config", str(self.config)],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )

    def start(self, timeout_s: float = 60):
        self.spawn()
        self.wait_ready(timeout_s)

    def ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics}/readyz", timeout=2) as r:
                return r.status == 200
        except (urllib.error.URLError, OSError):
            return False

    def wait_ready(self, timeout_s: float = 60) -> float:
        """Waits until every hosted service is healthy; answers how long that took."""
        started = time.monotonic()
        while time.monotonic() - started < timeout_s:
            if self.process.poll() is not None:
                raise AssertionError(f"node ended with {self.process.returncode}\n{self.log_tail()}")
            if self.ready():
                return time.monotonic() - started
            time.sleep(0.1)
        raise AssertionError(f"node not ready after {timeout_s} s\n{self.log_tail()}")

    def log_tail(self, lines: int = 40) -> str:
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def kill(self):
        """kill -9 of the node alone; its PostgreSQL stays behind as an orphan."""
        self.process.kill()
        self.process.wait()

    def postgres_pid(self) -> int:
        pidfile = self.directory / "data" / "postgres" / "postmaster.pid"
        return int(pidfile.read_text().splitlines()[0])

    def kill_postgres(self):
        os.kill(self.postgres_pid(), signal.SIGKILL)

    def stop(self, timeout_s: float = 60) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=timeout_s)

    def close(self):
        if self.process is not None and self.process.poll() is None:
            try:
                self.stop()
            except subprocess.TimeoutExpired:
                self.kill()
        try:
            os.kill(self.postgres_pid(), signal.SIGQUIT)
        except (OSError, ValueError, IndexError):
            pass
        leaks = self.secrets_in_logs()
        shutil.rmtree(self.directory, ignore_errors=True)
        if leaks:
            raise AssertionError("secrets in the logs:\n" + "\n".join(leaks))

    def secrets(self) -> dict:
        """What no log may hold, by name: the credentials' secrets and the key-encryption key."""
        data = self.directory / "data"
        found = {path.name: json.loads(path.read_text())["secret"] for path in data.glob("credentials/*.json")}
        for path in data.glob("secrets/*"):
            if path.is_file():
                found[path.name] = path.read_text().strip()
        return {name: secret for name, secret in found.items() if len(secret) >= 8}

    def secrets_in_logs(self) -> list:
        """The lines of the node's and of PostgreSQL's logs that hold a secret, without it."""
        logs = [self.log, *(self.directory / "data").rglob("*.log")]
        wanted = dict(self.secrets(), bearer="Bearer ")
        leaks = []
        for log in logs:
            if not log.is_file():
                continue
            for number, line in enumerate(log.read_text(errors="replace").splitlines(), 1):
                leaks += [
                    f"{log.name}:{number}: {name}: {line.replace(secret, '***')[:300]}"
                    for name, secret in wanted.items()
                    if secret in line
                ]
        return leaks

    def environment(self) -> dict:
        return dict(os.environ, QMCTL_CREDENTIALS=str(self.credentials))

    def run(self, program: str, *arguments, timeout_s: float = 120, stdin: bytes = b"") -> Finished:
        return Finished(
            subprocess.run(
                [binary(program), *map(str, arguments)],
                env=self.environment(),
                input=stdin,
                capture_output=True,
                timeout=timeout_s,
            )
        )

    def qmctl(self, *arguments, **options) -> Finished:
        return self.run("clients/qmctl/qmctl", *arguments, **options)

    def start_qmctl(self, *arguments) -> subprocess.Popen:
        """qmctl in the background."""
        return subprocess.Popen(
            [binary("clients/qmctl/qmctl"), *map(str, arguments)],
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def sql(self, statement: str) -> str:
        """Runs SQL as the cluster's superuser: for tests that tamper, never for what users do."""
        done = subprocess.run(
            ["psql", "-h", str(self.directory / "data" / "run"), "-U", "qm_admin", "-d", "quartermaster", "-qAtX"]
            + ["-v", "ON_ERROR_STOP=1", "-c", "SET search_path TO quartermaster", "-c", statement],
            capture_output=True,
            text=True,
            timeout=120,
        )
        if done.returncode:
            raise AssertionError(done.stderr)
        return done.stdout.strip()

    def unapplied(self) -> int:
        """Changes of ingest's feed that ledger has not reached."""
        return int(
            self.sql(
                "SELECT count(*) FROM ingest_changes c JOIN ledger_cursors k ON k.consumer = 'apply_reports' "
                "WHERE (c.incarnation, c.xid, c.change_id) > (k.incarnation, k.xid, k.change_id)"
            )
        )

    def metric(self, name: str) -> float:
        """Sum of a metric over its labels."""
        lines = "\n".join(self.metric_texts()).splitlines()
        return sum(float(l.rsplit(" ", 1)[1]) for l in lines if l.split("{")[0].split(" ")[0] == name)

    def metric_texts(self) -> list:
        """The exposition of each process."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics}/metrics", timeout=5) as r:
            return [r.read().decode()]

    def histogram_quantile(self, name: str, quantile: float) -> float:
        """Upper bound of the bucket that holds the quantile; infinity in the last one."""
        counts = {}
        for line in "\n".join(self.metric_texts()).splitlines():
            if line.startswith(name + "_bucket{"):
                bound = float(line.split('le="')[1].split('"')[0])
                counts[bound] = counts.get(bound, 0) + float(line.rsplit(" ", 1)[1])
        bounds = sorted(counts)
        return next(b for b in bounds if counts[b] >= quantile * counts[bounds[-1]])

    def memory_peaks_mib(self) -> dict:
        """Peak resident memory of each process of ours."""
        return {"all in one": peak_mib(self.process.pid)}

    def wait_until(self, what: str, condition, timeout_s: float = 30):
        """Polls until `condition()` is true; answers its value."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            value = condition()
            if value:
                return value
            time.sleep(0.1)
        raise AssertionError(f"not within {timeout_s} s: {what}\n{self.log_tail()}")


class SplitNode(Node):
    """The same node as one process per service. The first one to start owns the embedded PostgreSQL;
    all of them share its data directory."""

    SERVICES = ("authority", "ingest", "ledger", "gateway")

    def __init__(self, name: str = "split"):
        super().__init__(name)
        internal = free_ports(3)
        metrics = free_ports(4)
        lines = ["services:"]
        for service, port in zip(self.SERVICES, internal + [None]):
            lines.append(f"  {service}:")
            if port:
                lines.append(f"    listen: 127.0.0.1:{port}")
            lines.append(f"    metrics_listen: 127.0.0.1:{metrics[self.SERVICES.index(service)]}")
        self.metrics_of = dict(zip(self.SERVICES, metrics))
        self.config.write_text(self.config.read_text() + "\n".join(lines) + "\n")
        self.processes = {}

    def spawn_service(self, service: str):
        with open(self.log, "ab") as log:
            self.processes[service] = subprocess.Popen(
                [binary(f"services/{service}/{service}"), "--config", str(self.config)],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)

    def spawn(self):
        for service in self.SERVICES:
            self.spawn_service(service)

    def ready(self) -> bool:
        def one(port):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as r:
                    return r.status == 200
            except (urllib.error.URLError, OSError):
                return False

        return all(one(port) for port in self.metrics_of.values())

    def wait_ready(self, timeout_s: float = 60) -> float:
        started = time.monotonic()
        while time.monotonic() - started < timeout_s:
            for service, process in self.processes.items():
                if process.poll() is not None:
                    raise AssertionError(f"{service} ended with {process.returncode}\n{self.log_tail()}")
            if self.ready():
                return time.monotonic() - started
            time.sleep(0.1)
        raise AssertionError(f"node not ready after {timeout_s} s\n{self.log_tail()}")

    def metric_texts(self) -> list:
        texts = []
        for port in self.metrics_of.values():
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as r:
                texts.append(r.read().decode())
        return texts

    def memory_peaks_mib(self) -> dict:
        return {service: peak_mib(process.pid) for service, process in self.processes.items()}

    def kill_and_restart(self, service: str):
        self.processes[service].kill()
        self.processes[service].wait()
        self.spawn_service(service)

    def close(self):
        for service in reversed(self.SERVICES):
            process = self.processes.get(service)
            if process is not None and process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self.processes.values():
            try:
                process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                process.kill()
        super().close()
