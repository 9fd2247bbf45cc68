"""What the photos of a folder tell about each other."""

from cli.dataset.analysis import Box, FoundFace, LookedAt, analyse, distribution
from services.contracts.reasons import RejectionReason
from services.enroll.quality import Refusal

NO_FACE = Refusal(RejectionReason.NO_FACE, "No face was found.")


def photo(file: str, *, sharpness: float = 80, turn: float = 5, sha256: str | None = None) -> LookedAt:
    """``ada/1`` shows Ada."""
    face = FoundFace(f"face-of-{file}", Box(0.2, 0.2, 0.4, 0.4), 120, sharpness, 50, turn)
    return LookedAt(file, file.partition("/")[0], sha256=sha256 or file, size=(300, 300), face=face)


def photos(**counts: int) -> list[LookedAt]:
    return [photo(f"{person}/{number}") for person, count in counts.items() for number in range(count)]


def alike(*files: str, similarity: float = 99.0) -> dict[str, dict[str, float]]:
    return {file: {other: similarity for other in files if other != file} for file in files}


def findings(looked, resemblances):
    return analyse(looked, resemblances, threshold=80)


def test_photos_that_resemble_their_own_person_alone_are_in_order():
    found = findings(
        photos(ada=3, bob=3), alike("ada/0", "ada/1", "ada/2") | alike("bob/0", "bob/1", "bob/2")
    )
    assert not found.mislabelled
    assert not found.same_person
    assert not found.unlike


def test_a_photo_that_resembles_another_person_more_than_its_own_is_mislabelled():
    resemblances = alike("ada/0", "ada/1", "ada/2") | alike("bob/0", "bob/1", "bob/2", "ada/3")
    (found,) = findings(photos(ada=4, bob=3), resemblances).mislabelled
    assert (found.file, found.person, found.like) == ("ada/3", "ada", "bob")
    assert found.like_file.startswith("bob/")
    assert found.like_similarity == 99
    assert found.own_similarity is None


def test_two_wrong_photos_that_resemble_each_other_are_both_found():
    resemblances = alike("ada/0", "ada/1", "ada/2") | alike("bob/0", "bob/1", "bob/2", "ada/3", "ada/4")
    found = findings(photos(ada=5, bob=3), resemblances).mislabelled
    assert {wrong.file for wrong in found} == {"ada/3", "ada/4"}
    assert {wrong.own_similarity for wrong in found} == {99}


def test_the_other_persons_own_photos_are_not_blamed_for_a_wrong_one():
    resemblances = alike("ada/0", "ada/1") | alike("bob/0", "bob/1", "ada/2")
    assert [wrong.file for wrong in findings(photos(ada=3, bob=2), resemblances).mislabelled] == ["ada/2"]


def test_two_people_whose_photos_resemble_each_other_look_like_one_and_no_photo_is_blamed():
    resemblances = alike("ada/0", "ada/1", "eve/0", "eve/1")
    del resemblances["ada/0"]["ada/1"], resemblances["ada/1"]["ada/0"]
    found = findings(photos(ada=2, eve=2), resemblances)
    assert [(pair.people, pair.share) for pair in found.same_person] == [(("ada", "eve"), 1.0)]
    assert not found.mislabelled


def test_a_pair_that_only_one_of_the_two_searches_gave_counts_once():
    one_way = {"ada/0": {"eve/0": 95.0}}
    assert findings(photos(ada=1, eve=1), one_way) == findings(
        photos(ada=1, eve=1), alike("ada/0", "eve/0", similarity=95)
    )


def test_the_only_photo_of_a_person_is_not_blamed_for_a_wrong_one_elsewhere():
    resemblances = alike("ada/0", "bob/0") | alike("bob/1", "bob/2")
    found = findings(photos(ada=1, bob=3), resemblances)
    assert [wrong.file for wrong in found.mislabelled] == ["bob/0"]


def test_a_photo_that_resembles_nobody_stands_out_among_three():
    assert [lonely.file for lonely in findings(photos(ada=3), alike("ada/0", "ada/1")).unlike] == ["ada/2"]


def test_of_two_photos_unlike_each_other_none_is_blamed():
    assert not findings(photos(ada=2), {}).unlike


def test_the_same_file_twice_is_a_copy():
    twice = [photo("ada/0", sha256="same"), photo("bob/0", sha256="same"), photo("bob/1")]
    assert findings(twice, {}).copies == (("ada/0", "bob/0"),)


def test_people_have_too_few_photos_when_fewer_than_three_would_be_taken():
    refused = LookedAt("ada/9", "ada", sha256="x", size=(300, 300), refusal=NO_FACE)
    found = findings([*photos(ada=2, bob=3), refused], {})
    assert found.too_few == {"ada": 2}
    assert list(found.usable) == ["ada", "bob"]
    assert found.refused == {RejectionReason.NO_FACE: [refused]}


def test_a_person_all_of_whose_photos_are_refused_has_none():
    assert findings([LookedAt("ada/0", "ada", refusal=NO_FACE)], {}).too_few == {"ada": 0}


def test_the_worst_photos_come_first():
    looked = [photo("ada/0", sharpness=70, turn=3), photo("ada/1", sharpness=20, turn=30)]
    found = findings(looked, {})
    assert [seen.file for seen in found.blurred_first] == ["ada/1", "ada/0"]
    assert [seen.file for seen in found.turned_first] == ["ada/1", "ada/0"]


def test_a_value_on_a_limit_counts_in_the_range_that_begins_there():
    counted = distribution("sharpness", [9.9, 10, 19.9, 20, 100], (10, 20))
    assert counted.counts == (("under 10", 1), ("10 to 20", 2), ("20 and more", 2))
