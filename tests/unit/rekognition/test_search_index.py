"""Searching among vectors in memory and in segments, against comparing with every one."""

import threading

import numpy as np
import pytest

from localaws.rekognition.collections.codes import Codes, Scan
from localaws.rekognition.collections.search_index import SearchIndex
from localaws.rekognition.collections.segment import Segment

DIMENSION = 64
NONE = np.empty((0, DIMENSION), np.float32)
ANY = -2.0


def unit_vectors(count, seed=0, dimension=DIMENSION):
    vectors = np.random.default_rng(seed).normal(size=(count, dimension)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def clustered(count, clusters, seed=0):
    """Vectors in tight clusters, whose members the codes hardly tell apart."""
    centres = unit_vectors(clusters, seed)
    vectors = centres[np.arange(count) % clusters] + 0.02 * unit_vectors(count, seed + 1)
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def keys_of(*numbers):
    return np.asarray(numbers, np.int64)


def count_of(index):
    return index.open_count + sum(np.count_nonzero(segment.alive) for segment in index.segments)


def index_of(vectors, directory, rows_in_segments, open_rows):
    """An index whose keys are the places of the vectors."""
    segments, start = [], 0
    for number, count in enumerate(rows_in_segments):
        keys = np.arange(start, start + count)
        segments.append(Segment.write(directory / str(number), keys, vectors[keys]))
        start += count
    keys = np.arange(start, start + open_rows)
    return SearchIndex(segments, keys, vectors[keys])


def brute_force(vectors, alive, query, limit, min_cosine):
    cosines = vectors.astype(np.float64) @ query
    order = [key for key in np.argsort(-cosines, kind="stable") if alive[key]]
    return [key for key in order if cosines[key] >= min_cosine][:limit]


@pytest.mark.parametrize("vectors", [unit_vectors(5_000), clustered(5_000, 10)], ids=["spread", "clustered"])
@pytest.mark.parametrize(("limit", "min_cosine"), [(1, ANY), (7, ANY), (80, 0.3), (2_000, ANY), (4_096, 0.1)])
def test_it_finds_what_comparing_with_every_vector_finds(tmp_path, vectors, limit, min_cosine):
    index = index_of(vectors, tmp_path, [2_000, 2_500], 500)
    alive = np.ones(5_000, bool)
    gone = np.random.default_rng(9).choice(5_000, 900, replace=False)
    index.remove(gone)
    alive[gone] = False

    for query in (*unit_vectors(10, seed=5), *vectors[::500]):
        expected = brute_force(vectors, alive, query, limit, min_cosine)
        found = index.search(query, limit, min_cosine)
        cosines = vectors @ query
        assert len(found) == len(expected)
        assert [key for key, _ in found[:1]] == expected[:1]
        assert np.sort(cosines[[key for key, _ in found]]) == pytest.approx(
            np.sort(cosines[expected]), abs=1e-6
        )
        assert [cosine for _, cosine in found] == sorted((cosine for _, cosine in found), reverse=True)


def test_of_equal_vectors_the_first_added_comes_first(tmp_path):
    vectors = np.repeat(unit_vectors(1), 600, axis=0)
    index = index_of(vectors, tmp_path, [400], 200)

    assert [key for key, _ in index.search(vectors[0], 3, 0.9)] == [0, 1, 2]


def test_an_estimate_is_off_by_no_more_than_the_margin():
    vectors = unit_vectors(20_000, dimension=512)
    scan = Scan([Codes.encode(vectors[:12_000]), Codes.encode(vectors[12_000:])])

    for query in (*unit_vectors(5, seed=1, dimension=512), vectors[3]):
        estimates, rows = scan.nearest(query, len(vectors))
        assert np.abs(estimates - vectors[rows] @ query).max() < scan.margin


@pytest.mark.parametrize("dimension", [5, 128])
def test_codes_serve_any_dimension(tmp_path, dimension):
    vectors = unit_vectors(300, dimension=dimension)
    keys = np.arange(300)
    index = SearchIndex([Segment.write(tmp_path / "segment", keys, vectors)], keys[:0], vectors[:0])

    for row in range(0, 300, 30):
        assert index.search(vectors[row], 1, ANY)[0][0] == row


def test_faces_come_and_go_in_any_order():
    vectors = unit_vectors(500, seed=1)
    index = SearchIndex([], keys_of(), NONE)
    alive = np.zeros(500, bool)
    rng = np.random.default_rng(2)
    for number in range(500):
        index.add(keys_of(number), vectors[[number]])
        alive[number] = True
        if number % 3 == 0:
            victim = rng.choice(np.flatnonzero(alive))
            index.remove(keys_of(victim, 100_000))
            alive[victim] = False
        if number % 25 == 0 and alive.any():
            query = vectors[rng.integers(len(vectors))]
            expected = brute_force(vectors, alive, query, 5, ANY)
            assert [key for key, _ in index.search(query, 5, ANY)] == expected
    assert count_of(index) == alive.sum()


def test_a_segment_takes_the_place_of_its_open_rows(tmp_path):
    vectors = unit_vectors(300)
    index = index_of(vectors, tmp_path, [], 300)
    index.remove(keys_of(7))
    keys, open_vectors = index.open_rows()
    segment = Segment.write(tmp_path / "segment", keys[:200], open_vectors[:200])

    index.seal(segment)

    assert index.open_count == 99
    assert count_of(index) == 299
    for key in (0, 8, 200, 299):
        assert index.search(vectors[key], 1, ANY)[0][0] == key
        assert index.vector(key) == pytest.approx(vectors[key])
    with pytest.raises(KeyError):
        index.vector(7)


def test_a_segment_opened_again_knows_its_dead(tmp_path):
    vectors = unit_vectors(100)
    written = Segment.write(tmp_path / "segment", np.arange(100), vectors)
    dead = written.dead(written.rows(keys_of(3, 50, 1_000)))

    opened = Segment.open(tmp_path / "segment", dead)

    assert np.flatnonzero(~opened.alive).tolist() == [3, 50]
    assert opened.rows(keys_of(3, 4)).tolist() == [4]


def test_searching_while_others_add_erase_and_seal_finds_what_was_there_all_along(tmp_path):
    vectors = unit_vectors(400, seed=4)
    index = index_of(vectors, tmp_path, [], 1)
    wrong, done = [], threading.Event()

    def search():
        while not done.is_set():
            found = index.search(vectors[0], 3, 0.999)
            if [key for key, _ in found] != [0]:
                wrong.append(found)

    searchers = [threading.Thread(target=search) for _ in range(3)]
    for searcher in searchers:
        searcher.start()
    for turn in range(5):
        first = turn * 399
        for number in range(1, 400):
            index.add(keys_of(first + number), vectors[[number]])
        if turn == 2:
            keys, open_vectors = index.open_rows()
            index.seal(Segment.write(tmp_path / "segment", keys[:200], open_vectors[:200]))
        index.remove(np.arange(first + 1, first + 400))
    done.set()
    for searcher in searchers:
        searcher.join()

    assert wrong == []
    assert count_of(index) == 1
