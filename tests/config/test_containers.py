"""docker-compose.yml and Dockerfile, read as text: names exist, secrets are required, no unneeded rights.

Where Docker's compose plugin is installed, .ci/run checks the file with it too.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from embedded.paths import ROOT
from tests.support.environment import read_example_names, read_setting_names

TEXT = (ROOT / "docker-compose.yml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
WORKERS = ("worker", "worker-mail", "worker-files", "worker-outbound", "worker-search")
OURS = ("web", *WORKERS, "beat", "migrate")
SERVICE_KEYS = {
    "build", "cap_drop", "command", "depends_on", "entrypoint", "environment", "healthcheck", "image", "init",
    "networks", "ports", "read_only", "restart", "security_opt", "shm_size", "stop_grace_period", "tmpfs",
    "volumes",
}  # fmt: skip
# Given by the image, derived by the processes, or never wanted in a container.
NOT_PASSED = {
    "DATABASE_APP_URL", "DATABASE_PUBLIC_ROLE", "DATABASE_WORKER_URL", "DEBUG", "LOGGIA_DATABASE_ROLE",
    "MEDIA_ROOT", "PORT", "STATIC_ROOT", "STATIC_SOURCES",
}  # fmt: skip


def named_volumes(service: dict[str, Any]) -> list[str]:
    return [volume.split(":")[0] for volume in service.get("volumes", ())]


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_well_formed_and_names_what_exists(name: str) -> None:
    service = SERVICES[name]
    assert set(service) <= SERVICE_KEYS
    assert "image" in service
    assert set(service["networks"]) <= set(COMPOSE["networks"])
    for volume in named_volumes(service):
        assert (ROOT / volume).is_file() if volume.startswith(".") else volume in COMPOSE["volumes"]
    for other, wait in service.get("depends_on", {}).items():
        if wait["condition"] == "service_healthy":
            assert "test" in SERVICES[other]["healthcheck"]
        else:
            assert (wait["condition"], SERVICES[other]["restart"]) == ("service_completed_successfully", "no")


def test_every_long_running_service_has_a_health_check() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    assert "HEALTHCHECK" in dockerfile  # the web service's
    staying = {name for name, service in SERVICES.items() if service["restart"] == "unless-stopped"}
    assert staying == {"web", *WORKERS, "beat", "postgres", "redis", "cache", "minio"}
    assert {name for name in staying if "healthcheck" not in SERVICES[name]} == {"web"}


def test_only_the_web_service_is_reachable_and_stores_cannot_reach_out() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["web"]
    assert COMPOSE["networks"]["inside"] == {"internal": True}
    # Which services reach which, and other hosts, whatever core.outbound allows: web and workers call model
    # providers, mail servers and buckets; the service that migrates and the one that only enqueues do not.
    reach = {name: set(service["networks"]) for name, service in SERVICES.items()}
    assert {name for name, reached in reach.items() if reached == {"inside", "outside"}} == {"web", *WORKERS}
    closed = {name for name, reached in reach.items() if reached == {"inside"}}
    assert closed == {"beat", "migrate", "postgres", "redis", "cache", "minio"}
    assert len(closed) + len(WORKERS) + 1 == len(SERVICES)


def test_the_network_towards_other_hosts_can_be_closed_on_the_host() -> None:
    """The rule that the file explains names the bridge that the network really gets."""
    bridge = COMPOSE["networks"]["outside"]["driver_opts"]["com.docker.network.bridge.name"]
    assert f"iptables -I DOCKER-USER -i {bridge} -d 169.254.0.0/16 -j DROP" in TEXT


@pytest.mark.parametrize("name", SERVICES)
def test_no_container_reaches_the_host_or_its_docker(name: str) -> None:
    service = SERVICES[name]
    forbidden = {"privileged", "network_mode", "pid", "ipc", "devices", "cap_add", "extra_hosts", "links"}
    assert not forbidden & set(service)
    volumes = service.get("volumes", ())
    assert not [volume for volume in volumes if volume.startswith("/") or "docker.sock" in volume]


@pytest.mark.parametrize("name", OURS)
def test_our_processes_run_without_capabilities(name: str) -> None:
    service = SERVICES[name]
    assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
    assert service["security_opt"] == ["no-new-privileges:true"]


def test_every_variable_is_in_the_example_and_every_secret_is_required() -> None:
    text = "\n".join(line for line in TEXT.splitlines() if not line.lstrip().startswith("#"))
    used = set(re.findall(r"(?<!\$)\$\{([A-Z0-9_]+)", text))
    compose_only = set(re.findall(r"^# ([A-Z_]+)=$", (ROOT / ".env.example").read_text(), re.MULTILINE))
    optional = {"REDIS_MEMORY", "CACHE_MEMORY"}
    assert compose_only == {"POSTGRES_PASSWORD", "OWNER_PASSWORD", "MINIO_PASSWORD", *optional}
    assert used <= read_example_names() | compose_only
    demanded = set(re.findall(r"\$\{([A-Z0-9_]+):\?", text))
    assert demanded == {
        "SECRET_KEY", "ENCRYPTION_KEYS", "ALLOWED_HOSTS", "BASE_URL", *(compose_only - optional),
    }  # fmt: skip


@pytest.mark.parametrize("name", OURS)
def test_our_processes_get_every_setting(name: str) -> None:
    given = set(SERVICES[name]["environment"])
    assert given == read_setting_names() - NOT_PASSED


def test_the_image_is_small_and_runs_as_an_unprivileged_user() -> None:
    build, final = re.split(r"(?m)^FROM .*\n", (ROOT / "Dockerfile").read_text())[1:]
    assert "collectstatic" in build
    assert "USER loggia" in final
    assert "--uid 10001" in final
    assert re.findall(r"COPY --from=(\w+) (\S+)", final) == [("build", "/venv"), ("build", "/app")]
    assert not re.search(r"^(COPY|ADD) (?!--from)", final, re.MULTILINE)
    ignored = (ROOT / ".dockerignore").read_text().split()
    assert {".git", ".venv", ".data", ".env", ".env.*"} <= set(ignored)
