"""Speed, as ratios measured in one run: each pair is timed alternately and the median of the paired ratios is shown.

Absolute times depend on the machine and its load; ratios hardly. float32, two threads.
"""
import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import torch
from sklearn.kernel_approximation import RBFSampler
from sklearn.linear_model import RidgeClassifier

from kernel_aimc.chip import HERMES
from kernel_aimc.feature_maps import RandomFeatures
from kernel_aimc.kernels import RBF
from kernel_aimc.ridge import feature_blocks, fit_readout


def compare(name, ours, theirs, n=7):
    pairs = []
    for _ in range(n + 1):
        times = []
        for f in ours,theirs:
            time.sleep(.1) # idle threads of one library's pool spin for a while and would slow the other
            start = time.perf_counter()
            f()
            times.append(time.perf_counter() - start)
        pairs.append(times)
    pairs = pairs[1:] # the first warms up
    a,b = (1e3*statistics.median(p[i] for p in pairs) for i in (0, 1))
    print(f'{name:66} {a:8.1f} ms {b:8.1f} ms   ratio {statistics.median(x/y for x,y in pairs):.2f}', flush=True)

def main():
    warnings.filterwarnings('ignore')
    torch.set_num_threads(2)
    g = torch.Generator().manual_seed(0)
    print(f'{"":66} {"ours":>11} {"theirs":>11}')
    for n,d,width in (8192, 16, 512), (8192, 64, 2048), (50_000, 16, 512):
        X = torch.randn(n, d, generator=g)
        sampler = RBFSampler(gamma=.05, n_components=width, random_state=0).fit(X.numpy())
        features = RandomFeatures(RBF(.05), d, width//2, generator=g)
        compare(f'features {n} x {d} -> {width}: digital / RBFSampler', lambda: features(X), lambda: sampler.transform(X.numpy()))
        chip = RandomFeatures(RBF(.05), d, width//2, chip=HERMES, generator=g).calibrate(X)
        compare(f'features {n} x {d} -> {width}: HERMES / digital', lambda: chip(X), lambda: features(X))
    X,y = torch.randn(30_000, 16, generator=g),torch.randint(2, (30_000,), generator=g)
    features = RandomFeatures(RBF(.05), 16, 512, generator=g)
    def ours():
        readout = fit_readout(features, X, y, 2)
        return torch.cat([readout.predict(Z) for _,Z in feature_blocks(features, X)])
    def theirs():
        s = RBFSampler(gamma=.05, n_components=1024, random_state=0).fit(X.numpy())
        return RidgeClassifier(.5).fit(s.transform(X.numpy()), y.numpy()).predict(s.transform(X.numpy()))
    compare('ridge fit and predict, 30,000 x 16 -> 1,024: ours / scikit-learn', ours, theirs, n=3)
    W = torch.randn(512, 512, generator=g)
    compare('program a 512 x 512 matrix / its product with 8,192 vectors', lambda: HERMES.program(W, g), lambda x=torch.randn(8192, 512): x@W.T)
    with tempfile.TemporaryDirectory() as folder:
        command = [str(Path(sys.executable).parent/'kernel-aimc'), 'ridge', '--datasets', 'magic', '--platforms', 'fp32', '--out', f'{folder}/r.csv']
        start = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True, env=os.environ | {'KERNEL_AIMC_CACHE': folder})
        print(f"{'300 FP32 fits of magic, cold cache: ' + ' '.join(['kernel-aimc', *command[1:6], '...']):66} {time.perf_counter() - start:8.1f} s")

if __name__ == '__main__': main()
