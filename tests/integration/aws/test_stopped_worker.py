from services.aws.jobs import JobQueue
from tests.integration.aws.serving import job, messages, receive, worker


def test_a_worker_that_is_stopped_deletes_what_it_has_done(served_aws, tmp_path):
    with worker(served_aws, tmp_path / "log"):
        JobQueue(served_aws, served_aws.outputs.recognize_queue_url).send(job())
        assert receive(served_aws, served_aws.outputs.enroll_queue_url)
    assert messages(served_aws, served_aws.outputs.recognize_queue_url) == 0
