"""Tests of the whole package on the paper's real data need a folder with them; without it they are skipped.

The environment variable KERNEL_AIMC_TESTBENCH names the folder. In it, `data/` has the six sets in their official
formats (README: Data sets), and `reference/` the measurements of the authors' repository and the values of its script.
"""
import os
from pathlib import Path

import matplotlib
import pytest

matplotlib.use('Agg')

@pytest.fixture(scope='session')
def testbench():
    "The folder with real data and reference values"
    folder = os.environ.get('KERNEL_AIMC_TESTBENCH')
    if not folder: pytest.skip('KERNEL_AIMC_TESTBENCH is not set: no real data, no reference values')
    if not (Path(folder)/'data').is_dir(): pytest.fail(f'KERNEL_AIMC_TESTBENCH={folder} has no folder data')
    return Path(folder)

@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    "Finished runs are kept in the test's own folder: no test sees those of the user, or leaves some there"
    monkeypatch.setenv('KERNEL_AIMC_CACHE', str(tmp_path/'cache'))
