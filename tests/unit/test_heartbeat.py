from kombu.asynchronous.timer import Timer

from services.heartbeat import HeartbeatSettings, beat


def test_the_file_is_touched_at_once_and_each_time_the_loop_comes_by(tmp_path):
    timer, file = Timer(), tmp_path / "heartbeat"
    beat(timer, HeartbeatSettings(heartbeat_file=file))
    assert file.exists()
    file.unlink()
    [waiting] = timer.queue
    waiting.entry()
    assert file.exists()


def test_without_a_file_nothing_is_timed():
    timer = Timer()
    beat(timer, HeartbeatSettings())
    assert not timer.queue
