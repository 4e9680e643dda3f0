"The grid of ridge runs in several processes and on a cluster: notebooks cannot send their own functions to either"
import tempfile
from unittest import mock

import pandas as pd
import pytest
from test_ridge import toy

from kernel_aimc.ridge import RidgeBench, ridge_grid, run_grid

MISSING = 'dask.distributed is missing: pip install "kernel_aimc[dask]"'

def test_the_grid_gives_the_same_in_processes():
    data = {'magic': toy(600, name='magic')}
    runs = ridge_grid(datasets=['magic'], kernels=['rbf'], samplers=['orf'], log2_ratios=[1, 3], seeds=3)
    here = run_grid(runs, data=data, cache=None, progress=False)
    with tempfile.TemporaryDirectory() as folder:
        quiet = dict(data=data, cache=folder, progress=False, backend='loky')
        in_threads = {**quiet, 'backend': 'threads'}
        run_grid(runs[:4], **in_threads)  # these are known; the others come from processes, and are then known too
        pd.testing.assert_frame_equal(run_grid(runs, jobs=2, **quiet), here)
        with mock.patch.object(RidgeBench, 'measure', side_effect=AssertionError('computed again')):
            pd.testing.assert_frame_equal(run_grid(runs, **in_threads), here)
    with pytest.raises(ValueError, match="backend must be one of threads, loky, dask, got 'spark'"):
        run_grid(runs, data=data, backend='spark')
    with pytest.raises(ValueError, match="scheduler is for backend='dask', got backend='threads'"):
        run_grid(runs, data=data, scheduler='tcp://127.0.0.1:8786')

def test_the_grid_gives_the_same_on_a_cluster():
    distributed = pytest.importorskip('distributed', reason=MISSING)
    data = {'magic': toy(600, name='magic')}
    runs = ridge_grid(datasets=['magic'], kernels=['rbf'], samplers=['orf'], log2_ratios=[1, 3], seeds=3)
    here = run_grid(runs, data=data, cache=None, progress=False)
    quiet = dict(data=data, cache=None, progress=False, backend='dask')
    settings = dict(n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None)
    with distributed.LocalCluster(**settings) as cluster:
        address = cluster.scheduler_address
        pd.testing.assert_frame_equal(run_grid(runs, scheduler=address, **quiet), here)
        with mock.patch('kernel_aimc.ridge._remote_task', lambda runs, data: (runs, [{}]*len(runs), 'other')):
            with pytest.raises(ValueError, match='another version of kernel_aimc'):
                run_grid(runs, scheduler=address, **quiet)

def test_clusters_that_do_not_answer_are_refused():
    distributed = pytest.importorskip('distributed', reason=MISSING)
    data = {'magic': toy(600, name='magic')}
    runs = ridge_grid(datasets=['magic'], kernels=['rbf'], samplers=['orf'], log2_ratios=[1, 3], seeds=3)
    quiet = dict(data=data, cache=None, progress=False, backend='dask')
    no_workers = mock.patch.object(distributed.Client, 'wait_for_workers', side_effect=TimeoutError)
    with distributed.LocalCluster(n_workers=0, processes=False, dashboard_address=None) as cluster, no_workers:
        with pytest.raises(ValueError, match='has no workers; start one with: dask worker'):
            run_grid(runs, scheduler=cluster.scheduler_address, **quiet)
    with pytest.raises(ValueError, match='no dask scheduler answers at .*nowhere'):
        run_grid(runs, scheduler='nowhere://here', **quiet)
    with pytest.raises(ValueError, match="needs scheduler, the address of a dask scheduler"): run_grid(runs, **quiet)
    with mock.patch.dict('sys.modules', distributed=None):
        with pytest.raises(ValueError, match='needs dask.distributed; pip install'):
            run_grid(runs, scheduler='tcp://127.0.0.1:8786', **quiet)
