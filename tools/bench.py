"""Speed, as ratios measured in one run: each pair is timed alternately and the median of the paired ratios is shown.

Absolute times depend on the machine and its load; ratios hardly. float32, two threads. Targets stand in the lines that have one.
On a busy machine two threads wait for one another: `--one-thread` takes one, and counts processor time.
`--only PARTS` measures some: of features, ridge, attention, encoder, chip, training, experiment, with commas. `--out FILE` also writes the ratios as CSV: `results/bench.csv` is what the documentation shows.
"""
import csv
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from dataclasses import replace
from pathlib import Path

import torch
from sklearn.kernel_approximation import RBFSampler
from sklearn.linear_model import RidgeClassifier

from kernel_aimc.attention import ExactAttention, LinearAttention, linear_attention
from kernel_aimc.chip import HERMES
from kernel_aimc.encoder import Encoder
from kernel_aimc.estimators import KernelFeatures
from kernel_aimc.feature_maps import RandomFeatures
from kernel_aimc.hardware_aware import TrainingRecipe, make_hardware_aware
from kernel_aimc.interop import to_aihwkit, to_lightning
from kernel_aimc.kernels import RBF
from kernel_aimc.layers import AnalogLinear as OurLinear
from kernel_aimc.layers import program
from kernel_aimc.pcm import PCM_ODP, PCM_TDP
from kernel_aimc.ridge import feature_blocks, fit_readout
from kernel_aimc.samplers import StructuredProduct


ONE_THREAD = '--one-thread' in sys.argv
clock = time.process_time if ONE_THREAD else time.perf_counter
ROWS = []

def report(name, ours, theirs, unit, ratios, target=None):
    "One line of the table: medians, median of the paired ratios, and how far these spread"
    ratios = sorted(ratios)
    ratio,low,high = statistics.median(ratios),ratios[len(ratios)//4],ratios[-1 - len(ratios)//4]
    ROWS.append(dict(comparison=name, ours=round(ours, 2), theirs=round(theirs, 2), unit=unit, ratio=round(ratio, 3), low=round(low, 3), high=round(high, 3), target=target))
    goal = '' if target is None else f'   target <= {target}'
    print(f'{name:84} {ours:8.1f} {unit} {theirs:8.1f} {unit}   ratio {ratio:.2f}{goal}', flush=True)

def compare(name, ours, theirs, n=7, target=None):
    pairs = []
    for _ in range(n + 1):
        times = []
        for f in ours,theirs:
            time.sleep(.1) # idle threads of one library's pool spin for a while and would slow the other
            start = clock()
            f()
            times.append(clock() - start)
        pairs.append(times)
    pairs = pairs[1:] # the first warms up
    a,b = (1e3*statistics.median(p[i] for p in pairs) for i in (0, 1))
    report(name, a, b, 'ms', [x/y for x,y in pairs], target)

SHAPE = 8192, 64, 128 # inputs, and the matrix, of the products below

def products(g):
    "The chip's product against the digital one, errors frozen or with noise at each product"
    n,d,D = SHAPE
    x,W = torch.randn(n, d, generator=g),torch.randn(D, d, generator=g)
    frozen = replace(HERMES, gain_std=.03, offset_std=.1)
    for name,chip,target in ('frozen errors', frozen, 1.8), ('and output noise', replace(frozen, out_noise=.1), 4):
        analog = chip.program(W, g).calibrate(x)
        compare(f'product {n} x {d} -> {D}, {name}: HERMES / digital', lambda: analog(x), lambda: x@W.T, n=31, target=target)

def structured(g):
    "SORF products from the signs, against the product with the matrix"
    for n,d,D,target in (4096, 1024, 8192, .33), (4096, 256, 2048, None), (4096, 16, 512, None):
        X = torch.randn(n, d, generator=g)
        for variant in 'uniform', 'paper':
            product = StructuredProduct(D, d, variant=variant, generator=g)
            W = product.dense()
            compare(f'SORF product {n} x {d} -> {D}, {variant}: transforms / matrix', lambda: product(X), lambda: X@W.T, target=target)

def peers(g):
    "Programming, reading and products of aihwkit's Torch tiles and of aihwkit-lightning; without devices of their own in the latter"
    try:
        from aihwkit.inference.noise.hermes import HermesNoiseModel
        from aihwkit.nn import AnalogLinear
        from aihwkit.simulator.configs import TorchInferenceRPUConfig
        from aihwkit.simulator.parameters.enums import BoundManagementType, NoiseManagementType
        from aihwkit_lightning.nn import AnalogLinear as LightningLinear
        from aihwkit_lightning.simulator.configs import TorchInferenceRPUConfig as LightningConfig
    except ImportError as e:
        print(f'{e}: no comparison with aihwkit and aihwkit-lightning; pip install -e ".[peers]"')
        return
    weights = [torch.randn(512, 512, generator=g) for _ in range(4)]
    for n_devices,device in (1, PCM_ODP), (2, PCM_TDP):
        c = TorchInferenceRPUConfig(noise_model=HermesNoiseModel(num_devices=n_devices)) # tiles of 512 x 512, global compensation
        c.forward.is_perfect = True # the cheapest read-out for the compensation
        layers = [AnalogLinear(512, 512, bias=False, rpu_config=c).eval() for _ in weights]
        for layer,W in zip(layers, weights): layer.set_weights(W)
        chip,name = replace(HERMES, device=device, tile_shape=(512, 512)),f'1,048,576 weights, {n_devices} device(s) a polarity: ours / aihwkit'
        compare('program and first reading, ' + name, lambda: [chip.program(W, g).W_eff for W in weights],
                lambda: [(layer.program_analog_weights(), layer.drift_analog_weights(0.)) for layer in layers])
        compare('program, ' + name, lambda: [chip.program(W, g) for W in weights],
                lambda: [layer.program_analog_weights() for layer in layers], target=.4)
        programmed = [chip.program(W, g) for W in weights]
        compare('drift and read, ' + name, lambda: [m.set_time(3600.) for m in programmed],
                lambda: [layer.drift_analog_weights(3600.) for layer in layers], target=.4)
    n,d,D = SHAPE
    x,W = torch.randn(n, d, generator=g),torch.randn(D, d, generator=g)
    R = x.abs().max().item()
    for noise in 0., .1:
        c = TorchInferenceRPUConfig()
        c.forward.inp_res,c.forward.out_res,c.forward.out_bound,c.forward.out_noise = 1/254,-1.,-1.,noise
        c.forward.noise_management,c.forward.bound_management = NoiseManagementType.NONE,BoundManagementType.NONE # one fixed range, as ours
        c.pre_post.input_range.enable,c.pre_post.input_range.init_from_data,c.pre_post.input_range.init_value = True,0,R
        layer = AnalogLinear(d, D, bias=False, rpu_config=c).eval()
        layer.set_weights(W)
        compare(f'product {n} x {d} -> {D}, {"output noise" if noise else "8-bit inputs"}: aihwkit / digital', lambda: layer(x), lambda: x@W.T, n=31)
    c = LightningConfig()
    c.forward.inp_res,c.pre_post.input_range.enable = 254,True
    layer = LightningLinear(d, D, bias=False, rpu_config=c).eval()
    layer.set_weights(W)
    layer.input_range.data.fill_(R)
    compare(f'product {n} x {d} -> {D}, 8-bit inputs: aihwkit-lightning / digital', lambda: layer(x), lambda: x@W.T, n=31)

def training():
    "Steps of hardware-aware training (forward, and gradients of inputs, weights, bias and range) against those of nn.Linear: ours and, where they are installed, the peers'"
    recipe = TrainingRecipe(dac_bits=8, weight_noise=.12, out_noise=.1, init_steps=1)
    layers = {'HardwareAwareLinear': lambda d, D: make_hardware_aware(OurLinear(d, D), recipe),
              'with exact noise': lambda d, D: make_hardware_aware(OurLinear(d, D), replace(recipe, exact_noise=True))}
    try:
        from aihwkit.nn import AnalogLinear
        from aihwkit_lightning.nn import AnalogLinear as LightningLinear
        layers |= {'aihwkit-lightning': lambda d, D: LightningLinear(d, D, rpu_config=to_lightning(recipe)), "aihwkit's Torch tile": lambda d, D: AnalogLinear(d, D, rpu_config=to_aihwkit(recipe))}
    except ImportError as e: print(f'{e}: no training with aihwkit and aihwkit-lightning; pip install -e ".[peers]"')
    n = SHAPE[0]
    for d,D,repeats,target in (64, 128, 41, 2.5), (512, 1024, 11, 1.35):
        torch.manual_seed(0)
        x,gradient = torch.randn(n, d, requires_grad=True),torch.randn(n, D)
        def step(layer):
            x.grad = None
            layer.zero_grad(set_to_none=True)
            layer(x).backward(gradient)
        plain = torch.nn.Linear(d, D)
        for name,make in layers.items():
            layer = make(d, D).train()
            for _ in range(3): step(layer) # past the steps in which the range follows the inputs
            compare(f'training step {n} x {d} -> {D}: {name} / nn.Linear', lambda: step(layer), lambda: step(plain), n=repeats, target=target if name == 'HardwareAwareLinear' else None)

RIDGE = """
import json, resource, sys, time
import numpy as np
{imports}
clock = time.process_time if {single_threaded} else time.perf_counter
rng = np.random.default_rng(0)
X = rng.standard_normal((100_000, 64), dtype=np.float32)
y = (X[:, 0]*X[:, 1] > 0).astype(int)
start = clock()
{work}
seconds = clock() - start
print(json.dumps([seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss/1024]))
"""
OURS = dict(imports='import torch; torch.set_num_threads({threads})\nfrom kernel_aimc.estimators import AnalogRidgeClassifier',
            work='AnalogRidgeClassifier(gamma=.005, n_directions=1024, sampler="rff", alphas=.5, random_state=0).fit(X, y).predict(X)')
THEIRS = dict(imports='from sklearn.kernel_approximation import RBFSampler\nfrom sklearn.linear_model import RidgeClassifier',
              work='s = RBFSampler(gamma=.005, n_components=2048, random_state=0).fit(X)\nr = RidgeClassifier(.5).fit(s.transform(X), y)\nr.predict(s.transform(X))')

def ridge_processes(n=3):
    "Fit and predict in processes of their own, alternately: time, and peak resident memory with all libraries and the data"
    threads = '1' if ONE_THREAD else '2'
    env = os.environ | {name: threads for name in ('OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS', 'MKL_NUM_THREADS')}
    def run(which):
        code = RIDGE.format(imports=which['imports'].format(threads=threads), work=which['work'], single_threaded=ONE_THREAD)
        return json.loads(subprocess.run([sys.executable, '-c', code], check=True, capture_output=True, text=True, env=env).stdout)
    pairs = [(run(OURS), run(THEIRS)) for _ in range(n)]
    for i,(name,unit,scale,target) in enumerate((('time', 'ms', 1e3, .6), ('peak memory', 'MB', 1, .5))):
        a,b = (scale*statistics.median(p[side][i] for p in pairs) for side in (0, 1))
        name = f'ridge fit and predict, 100,000 x 64 -> 2,048, {name}: AnalogRidgeClassifier / scikit-learn'
        report(name, a, b, unit, [p[0][i]/p[1][i] for p in pairs], target)

def attention(g):
    "Forward and backward of one layer: 2 heads of 64, 256 features; from which length on it is faster than exact attention; and a pass on a programmed chip"
    exact,ours = ExactAttention(),LinearAttention(64, 128, generator=g).train()
    step = lambda f, t: torch.autograd.grad(f(*t).sum(), t)
    inputs = lambda L: tuple(torch.randn(1, 2, L, 64, generator=g).requires_grad_() for _ in range(3))
    try:
        from performer_pytorch.performer_pytorch import FastAttention
        theirs = FastAttention(64, 256)
    except ImportError: theirs = None
    t = inputs(4096)
    if theirs is not None: compare('attention, 4,096 tokens, 2 x 64, 256 features, training step: ours / FastAttention', lambda: step(ours, t), lambda: step(theirs, t), n=31, target=.6)
    compare('attention, 4,096 tokens, 2 x 64, 256 features, training step: ours / exact', lambda: step(ours, t), lambda: step(exact, t), n=31, target=.15)
    for L in 256, 512, 1024, 2048: # the cross-over is where this is 1
        t = inputs(L)
        compare(f'attention, {L:,} tokens, 2 x 64, 256 features, training step: ours / exact', lambda: step(ours, t), lambda: step(exact, t), n=15)
    chip,t = program(ours.eval(), g),tuple(x.detach() for x in inputs(4096))
    with torch.no_grad(): compare('attention on HERMES, 4,096 tokens, 2 x 64, 256 features: features in the cache / in memory', lambda: chip(*t), lambda: linear_attention(chip.features('q', t[0], 'row'), chip.features('k', t[1], 'all'), t[2]), n=31)

def encoder_steps(threads, samples, how, n=6):
    "Seconds of each training step of the CIFAR-10 model: as `kernel_aimc.lra.train` computes it ('ours', 'hardware-aware'), or with features in memory, eager or compiled, in float32 or under autocast to bfloat16"
    from kernel_aimc.lra import _for_hardware, lra_run
    torch.set_num_threads(threads)
    in_cache = how in ('ours', 'hardware-aware')
    model = _for_hardware(Encoder(lra_run('cifar10').encoder(), generator=torch.Generator().manual_seed(0)), 'all' if how == 'hardware-aware' else 'none', 'own').train()
    if not in_cache: LinearAttention._in_cache = lambda *_: False # a process of its own
    run = torch.compile(model) if 'compiled' in how else model
    x,y = torch.randint(256, (samples, 1024)),torch.randint(10, (samples,))
    for name,b in model.named_buffers():
        if 'range_steps' in name: b.fill_(100) # ranges no longer follow the inputs, as in all steps but the first
    optimiser,size,times = torch.optim.AdamW(model.parameters(), 1e-3),4 if in_cache else samples,[]
    for _ in range(n + 2):
        start = time.perf_counter()
        optimiser.zero_grad()
        for i in range(0, samples, size):
            with torch.autocast('cpu', torch.bfloat16, enabled='bfloat16' in how): out = run(x[i:i + size])
            (torch.nn.functional.cross_entropy(out.float(), y[i:i + size], reduction='sum')/samples).backward()
        optimiser.step()
        times.append(time.perf_counter() - start)
    return times[2:]

def encoder(rounds=3):
    "Training steps of the CIFAR-10 model as `kernel_aimc.lra.train` computes them (processes of one thread, attention in the cache) against PyTorch's eager mode with features in memory, which is also compiled and computed in bfloat16; 32 x 1,024 tokens"
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context
    processes = 1 if ONE_THREAD else 2
    def measure(how):
        n = processes if how in ('ours', 'hardware-aware') else 1
        with ProcessPoolExecutor(n, mp_context=get_context('spawn')) as pool:
            jobs = [pool.submit(encoder_steps, processes//n, 32//n, how) for _ in range(n)]
            return statistics.median(max(steps) for steps in zip(*(j.result() for j in jobs)))
    names = 'eager','ours','hardware-aware','compiled','compiled bfloat16','eager bfloat16'
    runs = [{how: measure(how) for how in names} for _ in range(rounds)]
    seconds = {how: 1e3*statistics.median(r[how] for r in runs) for how in names}
    for a,b,target in ('ours', 'eager', .25), ('hardware-aware', 'ours', 2.), ('compiled', 'eager', None), ('compiled bfloat16', 'eager', None), ('eager bfloat16', 'eager', None):
        ratios = [r[a]/r[b] for r in runs]
        report(f'CIFAR-10 model, training step, 32 x 1,024 tokens: {a} / {b}', seconds[a], seconds[b], 'ms', ratios, target)
    print('tokens per second: ' + ', '.join(f'{how} {32*1024/seconds[how]*1e3:,.0f}' for how in names))

def features(g):
    for n,d,width,target in (8192, 16, 512, None), (8192, 64, 2048, .7), (50_000, 16, 512, .7):
        X = torch.randn(n, d, generator=g)
        sampler = RBFSampler(gamma=.05, n_components=width, random_state=0).fit(X.numpy())
        digital = RandomFeatures(RBF(.05), d, width//2, generator=g)
        compare(f'features {n} x {d} -> {width}: digital / RBFSampler', lambda: digital(X), lambda: sampler.transform(X.numpy()), target=target)
        chip = RandomFeatures(RBF(.05), d, width//2, chip=HERMES, generator=g).calibrate(X)
        compare(f'features {n} x {d} -> {width}: HERMES / digital', lambda: chip(X), lambda: digital(X))
        estimator = KernelFeatures(gamma=.05, n_directions=width//2, sampler='rff', random_state=0).fit(X.numpy())
        compare(f'features {n} x {d} -> {width}: KernelFeatures / RBFSampler', lambda: estimator.transform(X.numpy()), lambda: sampler.transform(X.numpy()), target=target)

def ridge(g):
    X,y = torch.randn(30_000, 16, generator=g),torch.randint(2, (30_000,), generator=g)
    digital = RandomFeatures(RBF(.05), 16, 512, generator=g)
    def ours():
        readout = fit_readout(digital, X, y, 2)
        return torch.cat([readout.predict(Z) for _,Z in feature_blocks(digital, X)])
    def theirs():
        s = RBFSampler(gamma=.05, n_components=1024, random_state=0).fit(X.numpy())
        return RidgeClassifier(.5).fit(s.transform(X.numpy()), y.numpy()).predict(s.transform(X.numpy()))
    compare('ridge fit and predict, 30,000 x 16 -> 1,024: ours / scikit-learn', ours, theirs, n=3)
    ridge_processes()

@torch.no_grad()
def chip(g):
    W = torch.randn(512, 512, generator=g)
    compare('program a 512 x 512 matrix / its product with 8,192 vectors', lambda: HERMES.program(W, g), lambda x=torch.randn(8192, 512): x@W.T)
    structured(g)
    products(g)
    peers(g)

def experiment():
    with tempfile.TemporaryDirectory() as folder:
        command = [str(Path(sys.executable).parent/'kernel-aimc'), 'ridge', '--datasets', 'magic', '--platforms', 'fp32', '--out', f'{folder}/r.csv']
        start = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True, env=os.environ | {'KERNEL_AIMC_CACHE': folder})
        print(f"{'300 FP32 fits of magic, cold cache: ' + ' '.join(['kernel-aimc', *command[1:6], '...']):84} {time.perf_counter() - start:8.1f} s")

def main():
    warnings.filterwarnings('ignore')
    torch.set_num_threads(1 if ONE_THREAD else 2)
    g = torch.Generator().manual_seed(0)
    given = lambda option: sys.argv[sys.argv.index(option) + 1] if option in sys.argv else None
    parts = dict(features=lambda: features(g), ridge=lambda: ridge(g), attention=lambda: attention(g), encoder=encoder, chip=lambda: chip(g), training=training, experiment=experiment)
    only = given('--only').split(',') if given('--only') else list(parts)
    if wrong := set(only) - set(parts): sys.exit(f"bench: --only must be of {', '.join(parts)}, got {', '.join(sorted(wrong))}.")
    print(f'{"":84} {"ours":>11} {"theirs":>11}')
    for name in only: parts[name]()
    if out := given('--out'):
        rows = {}
        if '--only' in sys.argv and Path(out).exists(): # the rest stays
            with open(out, newline='') as f: rows = {r['comparison']: r for r in csv.DictReader(f)}
        rows |= {r['comparison']: r for r in ROWS}
        with open(out, 'w', newline='') as f:
            writer = csv.DictWriter(f, list(ROWS[0]))
            writer.writeheader()
            writer.writerows(rows.values())

if __name__ == '__main__': main()
