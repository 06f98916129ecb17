"""Thread teams that Models share."""

import concurrent.futures
import copy
import gc
import os
import pickle
import signal
import threading
import time

import googlenet
import numpy as np
import pytest
from gln_writer import small_classifier

PATIENCE = 30
PIXELS = np.random.default_rng(5).integers(0, 256, (3, 20, 24, 3), np.uint8)


@pytest.fixture(scope="module")
def written():
    return small_classifier(np.random.default_rng(0)).file()


@pytest.fixture(scope="module")
def wanted(written):
    with googlenet.Model(written, threads=1) as model:
        return model.predict(PIXELS)


def library_threads(expected=0):
    """The threads of this process that Python does not know; after a while, where those that end are still listed."""
    for _ in range(200):
        count = len(os.listdir("/proc/self/task")) - threading.active_count()
        if count == expected:
            break
        time.sleep(0.01)
    return count


@pytest.mark.parametrize(("size", "cap", "used"), [(1, None, 1), (3, None, 3), (3, 2, 2), (2, 5, 2), (3, 1, 1)])
def test_results_and_caps(written, wanted, size, cap, used):
    with googlenet.ThreadTeam(size, spin_microseconds=0) as team, googlenet.Model(written, cap, team=team) as model:
        assert team.threads == size
        assert model.threads == used
        assert np.array_equal(model.predict(PIXELS), wanted)


def test_as_many_threads_as_cpus(written):
    with googlenet.ThreadTeam() as team, googlenet.Model(written) as model:
        assert team.threads == model.threads


def test_models_in_threads_share_it(written, wanted):
    gc.collect()
    before = library_threads()
    with googlenet.ThreadTeam(3) as team:
        models = [googlenet.Model(written, team=team) for _ in range(6)]
        assert library_threads(before + 2) == before + 2
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            for row in pool.map(lambda number: models[number % 6].predict(PIXELS), range(120)):
                assert np.array_equal(row, wanted)
    # They keep what they use.
    assert library_threads(before + 2) == before + 2
    assert np.array_equal(models[0].predict(PIXELS), wanted)
    for model in models:
        model.close()
    assert library_threads(before) == before


def test_a_lost_team_ends(written, wanted):
    gc.collect()
    before = library_threads()
    model = googlenet.Model(written, team=googlenet.ThreadTeam(4))
    gc.collect()
    assert np.array_equal(model.predict(PIXELS), wanted)
    assert library_threads(before + 3) == before + 3
    del model
    gc.collect()
    assert library_threads(before) == before


def test_what_is_refused(written):
    for threads in (0, -1, 257):
        with pytest.raises(googlenet.InvalidArgumentError, match="threads"):
            googlenet.ThreadTeam(threads)
    with pytest.raises(googlenet.InvalidArgumentError, match="spin_microseconds"):
        googlenet.ThreadTeam(2, spin_microseconds=1_000_001)
    with pytest.raises(googlenet.ArgumentTypeError, match="team is a int"):
        googlenet.Model(written, team=3)
    team = googlenet.ThreadTeam(2)
    for attempt in (pickle.dumps, copy.copy):
        with pytest.raises(googlenet.UnsupportedError, match="ThreadTeam"):
            attempt(team)
    assert repr(team) == "<googlenet.ThreadTeam: 2 threads>"
    team.close()
    team.close()
    assert repr(team) == "<googlenet.ThreadTeam, closed: 2 threads>"
    with pytest.raises(googlenet.ClosedError, match="team"):
        googlenet.Model(written, team=team)
    with pytest.raises(googlenet.ClosedError, match="team"), team:
        pass


@pytest.mark.parametrize("is_closed", [False, True])
def test_children_share_new_threads(written, wanted, is_closed):
    team = googlenet.ThreadTeam(3)
    models = [googlenet.Model(written, team=team) for _ in range(2)]
    if is_closed:
        team.close()

    def work():
        assert library_threads(0) == 0
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            rows = list(pool.map(lambda number: models[number % 2].predict(PIXELS), range(20)))
        assert all(np.array_equal(row, wanted) for row in rows)
        assert library_threads(2) == 2
        for it in (team, *models):
            it.close()
        assert library_threads(0) == 0

    child = os.fork()
    if child == 0:
        signal.alarm(PATIENCE)
        try:
            work()
        except BaseException as error:
            os.write(2, f"in the child: {error!r}\n".encode())
            os._exit(1)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert np.array_equal(models[1].predict(PIXELS), wanted)
    for it in (team, *models):
        it.close()
