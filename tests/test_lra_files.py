"""The tasks of the Long Range Arena from the real archives, and runs that are killed.

Copies of other images or pairs than LRA's are told by their note.
"""
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from kernel_aimc.lra_data import load_lra

def loaded(testbench, task, **settings):
    files = dict(cifar10='cifar-10-binary.tar.gz', imdb='aclImdb_v1.tar.gz', aan='lra_release/tsv_data/*')[task]
    if not any(testbench.glob(f'data/{files}')): pytest.skip(f'no files of {task} in the data folder')
    return load_lra(task, testbench/'data', download=False, **settings)

def test_gray_pictures(testbench):
    data = loaded(testbench, 'cifar10')
    assert [len(s) for s in (data.train, data.validation, data.test)] == [45_000, 5_000, 10_000]
    assert (np.bincount(data.test.labels) == 1000).all()
    assert (np.bincount(np.r_[data.train.labels, data.validation.labels]) == 5000).all()
    levels = np.asarray(data.train.tokens)/255
    # the constants of the paper's configuration
    assert abs(levels.mean() - data.mean) < .01 and abs(levels.std() - data.std) < .01

def test_reviews(testbench):
    data = loaded(testbench, 'imdb')
    assert [len(s) for s in (data.train, data.validation, data.test)] == [22_500, 2_500, 25_000]
    assert all(s.labels.mean() == .5 for s in (data.train, data.validation, data.test))
    words = [bytes(x - 1).decode('utf-8', 'ignore') for x in (data.test[i][0] for i in range(2000))]
    praise = np.array([w.count('excellent') - w.count('worst') for w in words])
    assert praise[data.test.labels[:2000] == 1].sum() > 0 > praise[data.test.labels[:2000] == 0].sum()

def test_pairs(testbench):
    data = loaded(testbench, 'aan')
    counts = tuple(len(s) for s in (data.train, data.validation, data.test))
    assert (data.note == '') == (counts == (147_086, 18_090, 17_437))
    assert abs(data.train.labels.mean() - .5) < .05 and data.train.lengths.max() == 4000

def test_a_killed_generation_leaves_nothing_to_be_read(tmp_path):
    settings = f"cache={str(tmp_path)!r}, sizes=(40_000, 1, 1), jobs=1, progress=False"
    code = f"from kernel_aimc.lra_data import load_lra; load_lra('listops', {settings})"
    run = subprocess.Popen([sys.executable, '-c', code], env=os.environ)
    deadline = time.time() + 120
    def begun(): return any(p.stat().st_size > 10_000 for p in tmp_path.glob('*/tokens.npy'))
    while not begun() and run.poll() is None and time.time() < deadline: time.sleep(.02)
    run.send_signal(signal.SIGKILL)
    run.wait()
    left = list(tmp_path.iterdir())
    assert len(left) == 1 and '.part-' in left[0].name # something was written, under a name that is never read
    data = load_lra('listops', cache=tmp_path, sizes=(500, 1, 1), jobs=1, progress=False)
    assert len(data.train) == 500 and data.train.lengths.min() > 500
