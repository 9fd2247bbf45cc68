"""A server that is slow, throttles and fails, by order."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import ClientError


@pytest.fixture
def disturbed(started, client_of, tmp_path, free_port):
    """Starts a server with options and returns its client."""
    running = []

    def start(*options):
        running.append(started(tmp_path / f"data-{len(running)}", free_port(), *options))
        return client_of(running[-1].url)

    yield start
    for server in running:
        server.stop()


def outcome(call):
    try:
        call()
    except ClientError as error:
        return error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]
    return "answered", 200


def test_each_operation_has_its_own_quota(disturbed):
    client = disturbed("--tps", "0.001", "--tps", "DetectFaces=1000")

    assert outcome(client.list_collections) == ("answered", 200)
    assert outcome(client.list_collections) == ("ProvisionedThroughputExceededException", 400)
    assert outcome(lambda: client.delete_collection(CollectionId="x"))[0] == "ResourceNotFoundException"
    for _ in range(3):
        assert outcome(lambda: client.detect_faces(Image={"Bytes": b"x"}))[0] == "InvalidImageFormatException"


def test_a_share_of_requests_fails_in_the_same_order_for_the_same_seed(disturbed):
    runs = []
    for _ in range(2):
        client = disturbed("--fault-rate", "0.5", "--fault-seed", "7")
        runs.append([outcome(client.list_collections) for _ in range(60)])

    assert runs[0] == runs[1]
    counted = Counter(runs[0])
    assert set(counted) == {
        ("answered", 200),
        ("InternalServerError", 500),
        ("ProvisionedThroughputExceededException", 400),
        ("ThrottlingException", 500),
    }
    assert 15 < counted["answered", 200] < 45


def test_requests_that_wait_out_their_latency_are_all_answered(disturbed):
    client = disturbed("--latency-ms", "100")
    with ThreadPoolExecutor(12) as pool:
        outcomes = list(pool.map(lambda _: outcome(client.list_collections), range(24)))

    assert outcomes == [("answered", 200)] * 24


@pytest.mark.parametrize("option", [("--tps", "0"), ("--fault-rate", "2"), ("--latency-ms", "soon")])
def test_options_that_make_no_sense_are_refused(option, capsys):
    from localaws.rekognition.__main__ import main

    with pytest.raises(SystemExit):
        main(["serve", "--pack-dir", "p", "--data-dir", "d", *option])
    assert option[0] in capsys.readouterr().err
