import json

import pytest

from localaws.identities import POLICIES, ROOT, keep, make_users


@pytest.fixture(scope="module")
def users(emulator, outputs, stack_name):
    """The services' users, made at a first and at a second start."""
    return [make_users(emulator.session, stack_name, outputs) for _ in range(2)]


def keys_of(emulator, name):
    listed = emulator.session.client("iam").list_access_keys(UserName=name)["AccessKeyMetadata"]
    return [key["AccessKeyId"] for key in listed]


def test_a_start_makes_every_key_anew_and_the_ones_before_are_void(emulator, users, stack_name):
    first, second = users
    assert set(first) == set(second) == {"gateway", "recognize", "enroll"}
    for service, user in second.items():
        assert keys_of(emulator, f"{stack_name}-{service}") == [user.access_key_id]
        assert user.access_key_id != first[service].access_key_id


def test_a_policy_that_a_service_had_before_is_taken_from_its_user(emulator, users, outputs, stack_name):
    iam, name = emulator.session.client("iam"), f"{stack_name}-recognize"
    iam.attach_user_policy(UserName=name, PolicyArn=outputs["EnrollPolicyArn"])
    again = make_users(emulator.session, stack_name, outputs)["recognize"]
    attached = iam.list_attached_user_policies(UserName=name)["AttachedPolicies"]
    assert [policy["PolicyArn"] for policy in attached] == [outputs[name] for name in POLICIES["recognize"]]
    assert "rekognition:IndexFaces" not in json.dumps(again.policies)


def test_the_file_of_identities_is_for_its_owner_alone(users, tmp_path):
    file = tmp_path / "new" / "identities.json"
    for _ in range(2):
        keep(file, [ROOT, *users[-1].values()])
    assert file.stat().st_mode & 0o777 == 0o600
    assert len(json.loads(file.read_text())) == 4
    assert users[-1]["gateway"].secret_access_key not in repr(users)
