"""What is kept, counted once a day."""

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import pytest

from services.aws.connection import Aws
from services.aws.pulses import PulseStore
from services.aws.stock import StockTaking
from services.contracts.operations import Stock

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
TODAY = NOON.date()


@pytest.fixture
def counted(aws, monkeypatch):
    """The stack, with a collection that tells how much it holds: moto's has no faces."""
    collection = SimpleNamespace(describe_collection=lambda **_: {"FaceCount": 5, "UserCount": 2})
    monkeypatch.setattr(Aws, "rekognition", collection)
    return aws


def put(aws, key, size):
    aws.s3.put_object(Bucket=aws.outputs.photo_bucket_name, Key=key, Body=b"x" * size)


def test_kept_photos_are_counted_and_weighed_and_no_others(counted):
    put(counted, "photos/ada/1.jpg", 100)
    put(counted, "photos/grace/2.jpg", 50)
    put(counted, "index/new.jpg", 7)
    StockTaking(counted, lambda: NOON).take()
    stock = Stock(day=TODAY, photos=2, photo_bytes=150, faces=5, users=2)
    assert PulseStore(counted).stock(TODAY) == stock


def test_a_day_s_stock_is_taken_by_one_and_once(counted):
    StockTaking(counted, lambda: NOON).take()
    put(counted, "photos/ada/1.jpg", 100)
    StockTaking(counted, lambda: NOON + timedelta(hours=1)).take()
    assert PulseStore(counted).stock(TODAY).photos == 0
    StockTaking(counted, lambda: NOON + timedelta(days=1)).take()
    assert PulseStore(counted).stock(TODAY + timedelta(days=1)).photos == 1


def test_the_last_stock_holds_where_today_s_is_not_counted_to_its_end(counted):
    StockTaking(counted, lambda: NOON - timedelta(days=2)).take()
    assert PulseStore(counted).claim_stock_taking(TODAY)
    assert PulseStore(counted).stock(TODAY).day == date(2026, 11, 20)


def test_a_stock_of_long_ago_says_nothing_of_today(counted):
    StockTaking(counted, lambda: NOON - timedelta(days=60)).take()
    assert PulseStore(counted).stock(TODAY) is None
