"""The images and the compose file, as far as they can be checked without an engine."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from compose_spec import PyCompose

from localaws.machine import Machine, MachineSettings
from services.gateway.settings import GatewaySettings

REPOSITORY = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
DOCKERFILE = (REPOSITORY / "Dockerfile").read_text()


def interpolated(environment):
    """The compose file as docker compose reads it with a file of variables."""
    text = re.sub(
        r"(?<!\$)\$\{(\w+)(?::?-([^}]*))?\}",
        lambda found: environment.get(found[1]) or found[2] or "",
        (REPOSITORY / "docker-compose.yml").read_text(),
    )
    return yaml.safe_load(text)


def variables(file):
    lines = (REPOSITORY / file).read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


@pytest.fixture(params=[".env", "compose/aws.env"])
def compose(request):
    return interpolated(variables(request.param))


def stages():
    """Each stage's name, what it is made from, and its lines."""
    parts = re.split(r"^FROM (\S+) AS (\S+)$", DOCKERFILE.replace("\\\n", " "), flags=re.MULTILINE)[1:]
    return {
        name: (base, lines) for base, name, lines in zip(parts[::3], parts[1::3], parts[2::3], strict=True)
    }


def copied(stage):
    """What a stage copies from the sources."""
    return re.findall(r"^COPY (?!--from)(\S+) \S+$", stages()[stage][1], re.MULTILINE)


def test_the_dockerfile_is_clean():
    answer = subprocess.run(
        [BIN / "hadolint", REPOSITORY / "Dockerfile"], capture_output=True, text=True, check=False
    )
    assert (answer.returncode, answer.stdout) == (0, "")


def test_the_images_run_as_nobody_special_with_a_health_check_and_a_base_that_can_be_pinned():
    for image in ("services", "localaws"):
        base, lines = stages()[image]
        assert stages()[base][0] == "${PYTHON_IMAGE}"
        assert "USER 10001:10001" in lines
        assert "HEALTHCHECK" in lines


def test_the_compose_file_is_valid(compose):
    PyCompose.from_json(json.dumps(compose)).validate()


def test_a_wrong_compose_file_would_be_noticed(compose):
    compose["services"]["gateway"]["restrat"] = "always"
    with pytest.raises(ValueError, match="restrat"):
        PyCompose.from_json(json.dumps(compose))


def test_what_the_compose_file_refers_to_is_there(compose):
    for service in compose["services"].values():
        if "build" in service:
            assert service["build"]["target"] in stages()
        assert set(service.get("depends_on", {})) <= set(compose["services"])
    assert (REPOSITORY / compose["configs"]["caddyfile"]["file"]).is_file()
    credentials = compose["secrets"]["aws-credentials"]["file"]
    kept_out = (REPOSITORY / ".gitignore").read_text().split()
    assert (REPOSITORY / credentials).is_file() or credentials.removeprefix("./") in kept_out


def test_the_services_run_the_commands_that_one_machine_runs(compose, tmp_path):
    programs = {
        program.name: program.argv
        for program in Machine(MachineSettings(home=tmp_path), lambda _: None).services()
    }
    of_machine = {
        name: ["python", *(argument.removeprefix(f"{REPOSITORY}/") for argument in argv[1:])]
        for name, argv in programs.items()
    }
    assert of_machine == {name: compose["services"][name]["command"] for name in of_machine}
    assert set(of_machine) == {"gateway", "recognize", "enroll"}


def test_every_service_is_restarted_bounded_and_without_privileges(compose):
    for service in compose["services"].values():
        assert service["restart"] == "unless-stopped"
        assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory"}
        assert service["cap_drop"] == ["ALL"]
        assert service["read_only"] is True


def test_every_service_tells_its_health_by_itself_or_by_its_image(compose):
    for service in compose["services"].values():
        by_image = "build" in service and "HEALTHCHECK" in stages()[service["build"]["target"]][1]
        assert "healthcheck" in service or by_image


@pytest.mark.parametrize("name", ["gateway", "recognize", "enroll"])
def test_a_service_that_can_be_scaled_has_no_name_port_or_place_of_its_own(compose, name):
    assert not {"container_name", "hostname", "ports", "volumes"} & set(compose["services"][name])


def test_keys_come_as_a_file_and_stand_in_no_environment(compose):
    for name in ("gateway", "recognize", "enroll"):
        service = compose["services"][name]
        assert service["secrets"] == ["aws-credentials"]
        assert service["environment"]["AWS_SHARED_CREDENTIALS_FILE"] == "/run/secrets/aws-credentials"
    for service in compose["services"].values():
        assert not [
            variable for variable in service["environment"] if re.search("SECRET_|TOKEN|KEY", variable)
        ]


def test_settings_of_ones_own_reach_every_service_and_are_not_kept_in_the_repository(compose):
    kept_out = (REPOSITORY / ".gitignore").read_text().split()
    for name in ("gateway", "recognize", "enroll"):
        [file] = compose["services"][name]["env_file"]
        assert file["required"] is False
        assert file["path"].removeprefix("./") in kept_out


def test_nothing_is_published_beyond_the_server_unless_told(compose):
    published = [port for service in compose["services"].values() for port in service.get("ports", [])]
    assert published == ["127.0.0.1:8443:443"]


def test_services_wait_for_the_embedded_aws_only_where_there_is_one():
    local, on_aws = interpolated(variables(".env")), interpolated(variables("compose/aws.env"))
    assert local["services"]["localaws"]["profiles"] == [variables(".env")["COMPOSE_PROFILES"]]
    assert variables("compose/aws.env")["COMPOSE_PROFILES"] not in local["services"]["localaws"]["profiles"]
    for name in ("gateway", "recognize", "enroll"):
        waits = local["services"][name]["depends_on"]["localaws"]
        assert waits == {"condition": "service_healthy", "required": False}
        assert local["services"][name]["environment"]["AWS_ENDPOINT_URL"] == "http://localaws:4566"
        assert on_aws["services"][name]["environment"]["AWS_ENDPOINT_URL"] == ""


def test_the_gateway_counts_the_proxy_before_it(compose, monkeypatch):
    monkeypatch.setenv(
        "FACEGATE_PROXIES", str(compose["services"]["gateway"]["environment"]["FACEGATE_PROXIES"])
    )
    assert GatewaySettings().proxies == 1


@pytest.mark.parametrize(
    "stage", ["installer", "services-environment", "localaws-environment", "models", "pages"]
)
def test_what_the_dockerfile_copies_is_there_and_not_ignored(stage):
    kept = re.findall(r"^!(\w+)", (REPOSITORY / ".dockerignore").read_text(), re.MULTILINE)
    assert copied(stage)
    for source in copied(stage):
        assert (REPOSITORY / source).exists()
        assert source.split("/")[0] in kept


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
@pytest.mark.parametrize("image", ["services", "localaws"])
def test_the_pinned_packages_of_an_image_resolve_to_wheels(image, machine, tmp_path):
    lock = REPOSITORY / "requirements" / f"{image}.lock"
    answer = subprocess.run(
        [
            *(BIN / "uv", "pip", "install", "--dry-run", "--require-hashes", "--only-binary", ":all:"),
            *("--python-version", "3.12", "--python-platform", f"{machine}-manylinux_2_36"),
            *("--target", tmp_path, "-r", lock),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    tested = set((REPOSITORY / "requirements" / "facegate.lock").read_text().splitlines())
    pinned = {line for line in lock.read_text().splitlines() if re.match(r"[a-z]\S*==", line)}
    names = {line.split()[0] for line in tested}
    assert not [line for line in pinned if line.split()[0] not in names], "run `make lock`"


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    """Make what an image holds, without its operating system: the copied sources and the pinned packages."""
    made = {}

    def image(name):
        if name not in made:
            root = made[name] = tmp_path_factory.mktemp(name)
            for source in copied(name):
                shutil.copytree(
                    REPOSITORY / source, root / source, ignore=shutil.ignore_patterns("__pycache__")
                )
            environment = root / "environment"
            subprocess.run([BIN / "uv", "venv", "-q", "--python", sys.executable, environment], check=True)
            subprocess.run(
                [
                    *(BIN / "uv", "pip", "install", "-q", "--python", environment, "--require-hashes"),
                    *("-r", REPOSITORY / "requirements" / f"{name}.lock"),
                ],
                check=True,
            )
        return made[name]

    return image


@pytest.mark.parametrize(
    ("name", "command", "said"),
    [
        ("services", ["-m", "gunicorn", "-c", "services/gateway/gunicorn.conf.py"], "no region is set"),
        ("services", ["-m", "services.recognize"], "no region is set"),
        ("services", ["-m", "services.enroll"], "no region is set"),
        ("localaws", ["-m", "localaws", "--host", "192.0.2.1"], "is taken by another program"),
    ],
)
def test_an_image_holds_all_that_its_process_needs_to_begin(image, name, command, said):
    root = image(name)
    answer = subprocess.run(
        [root / "environment" / "bin" / "python", *command],
        cwd=root,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(root),
            "AWS_EC2_METADATA_DISABLED": "true",
            "FACEGATE_GATEWAY_BIND": "127.0.0.1:0",
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert answer.returncode != 0
    assert said in answer.stderr
    assert "ModuleNotFoundError" not in answer.stderr
