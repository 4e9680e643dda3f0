"""Measure time and memory of a ridge fit against rows, inputs d and directions D. Writes results/cost_curve.csv; 3 min.

Each point is a fit on one thread in a process of its own, done three times. Kept are the least processor time, which
hardly depends on the load of the machine, and the least rise of the peak resident memory above what libraries and data
take.
"""
import json
import os
import subprocess
import sys

import pandas as pd

BASE = dict(rows=20_000, d=32, n_directions=256)
VALUES = dict(
    rows=[5_000, 10_000, 20_000, 40_000, 80_000, 160_000],
    d=[8, 32, 128, 512, 2048],
    n_directions=[64, 128, 256, 512, 1024, 2048])

def measure(rows, d, n_directions):
    "Processor time and memory of one fit, in this process"
    import resource
    import time

    import numpy as np
    import torch

    from kernel_aimc.estimators import AnalogRidge
    torch.set_num_threads(1)
    g = np.random.default_rng(0)
    X,y = g.standard_normal((rows, d), dtype=np.float32),g.standard_normal(rows, dtype=np.float32)
    def fit(n, D): AnalogRidge(gamma=.5/d, n_directions=D, sampler='rff', random_state=0).fit(X[:n], y[:n])
    fit(256, 8) # loads what is loaded late
    with open('/proc/self/statm') as f: before = int(f.read().split()[1])*resource.getpagesize()
    start = time.process_time()
    fit(rows, n_directions)
    seconds = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss*1024 - before
    return dict(cpu_seconds=round(seconds, 4), peak_MB=round(peak/2**20, 1))

def point(at):
    "`measure` in a process of its own, on one thread"
    env = os.environ | {f'{n}_NUM_THREADS': '1' for n in ('OMP', 'OPENBLAS', 'MKL')}
    command = [sys.executable, __file__, json.dumps(at)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True, env=env).stdout)

def main():
    rows = []
    for vary,values in VALUES.items():
        for v in values:
            at = BASE | {vary: v}
            least = pd.DataFrame([point(at) for _ in range(3)]).min().to_dict()
            rows.append(dict(vary=vary, **at, **least))
            print(*rows[-1].values(), flush=True)
    pd.DataFrame(rows).to_csv('results/cost_curve.csv', index=False)

if __name__ == '__main__':
    if len(sys.argv) > 1: print(json.dumps(measure(**json.loads(sys.argv[1]))))
    else: main()
