from pathlib import Path

import pytest

import services.prices
from services.prices import Usage, estimate, list_prices
from services.prices.costs import UnknownInstanceType
from services.prices.price_list import UnreadablePrices, prices_of

LIST = Path(services.prices.__file__).with_name("us-east-1.toml")


def dollars(**usage):
    return {(line.service, line.what): line.usd for line in estimate(Usage(**usage), list_prices())}


def test_what_is_not_used_has_no_line():
    assert dollars() == {}
    assert list(dollars(lambda_runs=1)) == [("Lambda", "runs")]


def test_images_become_cheaper_with_their_number():
    def images(number):
        return dollars(face_images=number)["Rekognition", "images"]

    assert images(1_000) == pytest.approx(1.0)
    assert images(1_000_000) == pytest.approx(1_000)
    assert images(1_000_001) == pytest.approx(1_000 + 0.0008)
    assert images(40_000_000) == pytest.approx(1_000 + 4 * 800 + 30 * 600 + 5 * 400)


def test_what_is_kept_costs_by_the_time_and_calls_do_not():
    month, day = (dollars(hours=hours, photo_gb=10, keys=1, s3_puts=1_000) for hours in (730, 24))
    assert day["S3", "photos"] == pytest.approx(month["S3", "photos"] * 24 / 730)
    assert day["KMS", "keys"] == pytest.approx(24 / 730)
    assert day["S3", "writes"] == month["S3", "writes"] == pytest.approx(0.005)


def test_an_instance_costs_every_hour_and_its_disk_with_it():
    lines = dollars(instances={"t4g.small": 2}, volume_gb=16)
    assert lines["EC2", "t4g.small"] == pytest.approx(2 * 0.0168 * 730)
    assert lines["EC2", "disks"] == pytest.approx(16 * 0.08)


def test_an_instance_without_a_price_is_not_taken_for_free():
    with pytest.raises(UnknownInstanceType, match=r"t4g\.medium"):
        dollars(instances={"m1.small": 1})


def test_what_goes_to_aws_costs_only_where_there_are_endpoints():
    assert dollars(gb_to_aws=100) == {}
    lines = dollars(gb_to_aws=100, endpoints=12)
    assert lines["VPC", "through endpoints"] == pytest.approx(1.0)
    assert lines["VPC", "interface endpoints"] == pytest.approx(12 * 0.01 * 730)


def test_usages_are_added_by_what_they_are_of():
    together = Usage(keys=1, instances={"t4g.small": 1}) + Usage(
        keys=2, face_images=5, instances={"t4g.small": 2, "c7g.large": 1}
    )
    assert together == Usage(keys=3, face_images=5, instances={"t4g.small": 3, "c7g.large": 1})
    with pytest.raises(ValueError, match="24 hours"):
        Usage() + Usage(hours=24)


def test_prices_say_of_when_and_where_they_are():
    prices = list_prices()
    assert (prices.region, prices.as_of) == ("us-east-1", "2026-11")


def test_a_list_of_prices_with_an_unknown_name_is_refused(tmp_path):
    text = LIST.read_text()
    wrong = tmp_path / "wrong.toml"
    wrong.write_text(text.replace("[kms]", "[kms]\nreqeust = 1"))
    with pytest.raises(UnreadablePrices, match="reqeust"):
        prices_of(wrong)
    wrong.write_text("region =")
    with pytest.raises(UnreadablePrices, match=r"wrong\.toml"):
        prices_of(wrong)
