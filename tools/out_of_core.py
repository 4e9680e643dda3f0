"""Measure ridge regression on more rows than memory holds: time, peak memory, and a cluster that loses a worker.

    python tools/out_of_core.py                     all cases, about 3 min on two cores; writes results/out_of_core.csv
    python tools/out_of_core.py --rows 1000000      the same, smaller; prints and writes nothing

Rows are made up when they are needed, block by block, each block from its own seed. Every case runs in a process of its
own, whose peak resident memory is measured; for a cluster, the memory of its workers is measured, too.
"""
import argparse
import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pandas as pd

BLOCK = 100_000 # rows
D_IN = 8
SETTINGS = dict(gamma=.05, n_directions=64, alphas=1e-2, random_state=0)

def block(i, n=BLOCK):
    "Rows and targets number i: a smooth function of the first five columns, and noise"
    g = np.random.default_rng([0, i])
    X = g.standard_normal((n, D_IN), dtype=np.float32)
    smooth = np.sin(X[:, 0]*X[:, 1]) + .5*X[:, 2]**2 + X[:, 3] + .5*X[:, 4]
    return X,smooth + .5*g.standard_normal(n, dtype=np.float32)

def lazy(rows):
    "The same rows as dask arrays"
    import dask
    import dask.array as da
    n = rows//BLOCK
    make = dask.delayed(block, pure=True)
    parts = [make(i) for i in range(n)]
    X = da.concatenate([da.from_delayed(p[0], (BLOCK, D_IN), np.float32) for p in parts])
    y = da.concatenate([da.from_delayed(p[1], (BLOCK,), np.float32) for p in parts])
    return X,y

def model():
    from dataclasses import replace

    from kernel_aimc.chip import HERMES
    from kernel_aimc.estimators import AnalogRidge
    # a fixed input range: else partial_fit would set it from its first block, fit from all rows
    return AnalogRidge(chip=replace(HERMES, input_range=4.5), **SETTINGS)

def by_partial_fit(rows):
    m = model()
    for i in range(rows//BLOCK): m.partial_fit(*block(i))
    return m,0

def by_dask_threads(rows):
    return model().fit(*lazy(rows)),0

def _peak_kB(pid):
    with open(f'/proc/{pid}/status') as f:
        return next(int(line.split()[1]) for line in f if line.startswith('VmHWM'))

def by_cluster(rows, kill=False):
    "Two worker processes; with `kill`, one of them dies half-way"
    from distributed import Client, LocalCluster
    local = dict(n_workers=2, threads_per_worker=1, dashboard_address=None, processes=True)
    with LocalCluster(**local) as cluster, Client(cluster) as client:
        pids = client.run(os.getpid)
        scheduler = client.cluster.scheduler
        half = scheduler.transition_counter + 3*(rows//BLOCK)
        killed = []
        def kill_after_half():
            while scheduler.transition_counter < half: time.sleep(.01)
            pid = sorted(pids.values())[0]
            os.kill(pid, signal.SIGKILL)
            killed.append(pid)
        if kill: threading.Thread(target=kill_after_half, daemon=True).start()
        m = model().fit(*lazy(rows))
        if kill and not killed: raise RuntimeError("the fit was over before a worker was killed")
        workers = client.run(os.getpid).values()
        if kill and len(set(workers) - set(pids.values())) != 1: raise RuntimeError("no worker was replaced")
        return m,max(_peak_kB(pid) for pid in workers)

def by_cluster_that_loses_a_worker(rows): return by_cluster(rows, kill=True)

CASES = dict(partial_fit=by_partial_fit, dask_threads=by_dask_threads, cluster=by_cluster,
             cluster_one_worker_killed=by_cluster_that_loses_a_worker)

def run(case, rows):
    "Run one case in this process and print what was measured, as JSON"
    import torch
    torch.set_num_threads(2 if case == 'partial_fit' else 1)
    start = time.perf_counter()
    m,worker_kB = CASES[case](rows)
    seconds = time.perf_counter() - start
    X,y = block(10**6) # never fitted on
    peak = max(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, worker_kB)
    print(json.dumps(dict(
        case=case, rows=rows, d=D_IN, n_directions=SETTINGS['n_directions'], seconds=round(seconds, 1),
        peak_rss_MB=round(peak/1024), test_r2=round(m.score(X, y), 5),
        predictions=m.predict(X[:1000]).astype(float).tolist())))

def main(rows, out):
    rows_of = dict(partial_fit=rows, dask_threads=rows, cluster=rows//5, cluster_one_worker_killed=rows//5)
    results = []
    for case,n in rows_of.items():
        command = [sys.executable, __file__, '--case', case, '--rows', str(n)]
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
        results.append(json.loads(done.stdout.strip().splitlines()[-1]))
    predictions = [np.array(r.pop('predictions')) for r in results]
    for i,r in enumerate(results):
        first = predictions[i//2*2] # of the case with the same rows
        r['difference'] = f'{abs(predictions[i] - first).max():.1e}'
    table = pd.DataFrame(results)
    print(table.to_string(index=False))
    if out: table.to_csv(out, index=False)

if __name__ == '__main__':
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--rows', type=int, default=None,
                   help='rows of the first two cases; the others have a fifth  [default: 20000000]')
    p.add_argument('--case', choices=CASES, help='one case, in this process')
    a = p.parse_args()
    if a.case: run(a.case, a.rows)
    else: main(a.rows or 20_000_000, Path('results/out_of_core.csv') if a.rows is None else None)
