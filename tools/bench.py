"""Measure speed as ratios: two programs are timed alternately, and the median of the paired ratios is shown.

Absolute times depend on the machine and its load; ratios hardly do. Everything is float32 on two threads.
On a busy machine two threads wait for each other: `--one-thread` takes one thread and counts processor time.
A target, where there is one, stands at the end of its line. `results/bench.csv`, which the documentation shows,
is the file of `--out`; with `--only`, the other rows of that file stay.
"""
import argparse
import csv
import importlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
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

ONE_THREAD = '--one-thread' in sys.argv # read here because processes of their own import this file, too
THREADS = 1 if ONE_THREAD else 2
clock = time.process_time if ONE_THREAD else time.perf_counter
ROWS = []

# ------------------------------------------------------------------ timing

def report(name, ours, theirs, unit, ratios, target=None):
    "Print and keep one comparison: both medians, the median of the paired ratios, and their quartiles"
    ratios = sorted(ratios)
    ratio = statistics.median(ratios)
    quarter = len(ratios)//4
    ROWS.append(dict(comparison=name, ours=round(ours, 2), theirs=round(theirs, 2), unit=unit, ratio=round(ratio, 3),
                     low=round(ratios[quarter], 3), high=round(ratios[-1 - quarter], 3), target=target))
    goal = '' if target is None else f'   target <= {target}'
    print(f'{name:84} {ours:8.1f} {unit} {theirs:8.1f} {unit}   ratio {ratio:.2f}{goal}', flush=True)

def compare(name, ours, theirs, n=7, target=None):
    "Time two functions alternately, `n` times after one round of warming up, and report them"
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

def peers_installed(what):
    "Whether aihwkit and aihwkit-lightning can be imported; if not, a line says what is left out"
    try:
        for package in 'aihwkit.nn', 'aihwkit_lightning.nn': importlib.import_module(package)
    except ImportError as e:
        print(f'{e}: no {what} with aihwkit and aihwkit-lightning; pip install -e ".[peers]"')
        return False
    return True

# ------------------------------------------------------------------ features and ridge regression

def features(g):
    "Random features, digital and on the chip, against scikit-learn's RBFSampler"
    for n,d,width,target in (8192, 16, 512, None), (8192, 64, 2048, .7), (50_000, 16, 512, .7):
        size = f'features {n} x {d} -> {width}'
        X = torch.randn(n, d, generator=g)
        sampler = RBFSampler(gamma=.05, n_components=width, random_state=0).fit(X.numpy())
        theirs = lambda: sampler.transform(X.numpy())
        digital = RandomFeatures(RBF(.05), d, width//2, generator=g)
        compare(f'{size}: digital / RBFSampler', lambda: digital(X), theirs, target=target)
        chip = RandomFeatures(RBF(.05), d, width//2, chip=HERMES, generator=g).calibrate(X)
        compare(f'{size}: HERMES / digital', lambda: chip(X), lambda: digital(X))
        estimator = KernelFeatures(gamma=.05, n_directions=width//2, sampler='rff', random_state=0).fit(X.numpy())
        compare(f'{size}: KernelFeatures / RBFSampler', lambda: estimator.transform(X.numpy()), theirs, target=target)

def ridge(g):
    "Fit and predict with ridge regression on random features, in this process and in processes of their own"
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

RIDGE = """
import json, resource, time
import numpy as np
{imports}
clock = time.process_time if {one_thread} else time.perf_counter
rng = np.random.default_rng(0)
X = rng.standard_normal((100_000, 64), dtype=np.float32)
y = (X[:, 0]*X[:, 1] > 0).astype(int)
start = clock()
{work}
seconds = clock() - start
print(json.dumps([seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss/1024]))
"""
OUR_RIDGE = dict(imports=f"""
import torch
torch.set_num_threads({THREADS})
from kernel_aimc.estimators import AnalogRidgeClassifier
""", work="""
model = AnalogRidgeClassifier(gamma=.005, n_directions=1024, sampler='rff', alphas=.5, random_state=0)
model.fit(X, y).predict(X)
""")
THEIR_RIDGE = dict(imports="""
from sklearn.kernel_approximation import RBFSampler
from sklearn.linear_model import RidgeClassifier
""", work="""
s = RBFSampler(gamma=.005, n_components=2048, random_state=0).fit(X)
r = RidgeClassifier(.5).fit(s.transform(X), y)
r.predict(s.transform(X))
""")

def ridge_process(parts):
    "Run a program in a process of its own: seconds, and peak resident memory in MB with all libraries and the data"
    pools = 'OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS', 'MKL_NUM_THREADS'
    env = os.environ | dict.fromkeys(pools, str(THREADS))
    command = [sys.executable, '-c', RIDGE.format(**parts, one_thread=ONE_THREAD)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True, env=env).stdout)

def ridge_processes(n=3):
    "Time and memory of the ridge classifiers of this package and of scikit-learn, run alternately"
    pairs = [(ridge_process(OUR_RIDGE), ridge_process(THEIR_RIDGE)) for _ in range(n)]
    for i,(quantity,unit,scale,target) in enumerate((('time', 'ms', 1e3, .6), ('peak memory', 'MB', 1, .5))):
        a,b = (scale*statistics.median(p[side][i] for p in pairs) for side in (0, 1))
        name = f'ridge fit and predict, 100,000 x 64 -> 2,048, {quantity}: AnalogRidgeClassifier / scikit-learn'
        report(name, a, b, unit, [ours[i]/theirs[i] for ours,theirs in pairs], target)

# ------------------------------------------------------------------ attention and the encoder

def attention_step(layer, inputs): return torch.autograd.grad(layer(*inputs).sum(), inputs)

def attention(g):
    "Attention layers of 2 heads of 64 with 256 features: a training step at several lengths, and a pass on the chip"
    exact,ours = ExactAttention(),LinearAttention(64, 128, generator=g).train()
    def qkv(L): return tuple(torch.randn(1, 2, L, 64, generator=g).requires_grad_() for _ in range(3))
    def training_steps(L, theirs, name, **options):
        compare(f'attention, {L:,} tokens, 2 x 64, 256 features, training step: ours / {name}',
                lambda: attention_step(ours, t), lambda: attention_step(theirs, t), **options)
    try:
        from performer_pytorch.performer_pytorch import FastAttention
        fast = FastAttention(64, 256)
    except ImportError: fast = None
    t = qkv(4096)
    if fast is not None: training_steps(4096, fast, 'FastAttention', n=31, target=.6)
    training_steps(4096, exact, 'exact', n=31, target=.15)
    for L in 256, 512, 1024, 2048: # the lengths cross over where the ratio is 1
        t = qkv(L)
        training_steps(L, exact, 'exact', n=15)
    attention_on_chip(program(ours.eval(), g), *(x.detach() for x in qkv(4096)))

@torch.no_grad()
def attention_on_chip(chip, q, k, v):
    "A pass whose features stay in the processor's cache, against one that holds them in memory"
    compare('attention on HERMES, 4,096 tokens, 2 x 64, 256 features: features in the cache / in memory',
            lambda: chip(q, k, v),
            lambda: linear_attention(chip.features('q', q, 'row'), chip.features('k', k, 'all'), v), n=31)

IN_CACHE = 'ours', 'hardware-aware' # ways to train the encoder with attention in the processor's cache

def cifar_model(how):
    "The CIFAR-10 model in training, past the first step, in which ranges follow the inputs"
    from kernel_aimc.lra import lra_run, prepare_for_hardware
    model = Encoder(lra_run('cifar10').encoder(), generator=torch.Generator().manual_seed(0))
    model = prepare_for_hardware(model, 'all' if how == 'hardware-aware' else 'none', 'own').train()
    for name,buffer in model.named_buffers():
        if 'range_steps' in name: buffer.fill_(100)
    return model

def encoder_steps(threads, samples, how, n=6):
    """Seconds of each training step of the CIFAR-10 model.

    `how` is 'ours' or 'hardware-aware', computed as `kernel_aimc.lra.train` does; any other name keeps the features
    in memory, eager or 'compiled', in float32 or under autocast to 'bfloat16'.
    """
    torch.set_num_threads(threads)
    model = cifar_model(how)
    if how not in IN_CACHE: LinearAttention._in_cache = lambda *_: False # a process of its own
    run = torch.compile(model) if 'compiled' in how else model
    x,y = torch.randint(256, (samples, 1024)),torch.randint(10, (samples,))
    optimiser = torch.optim.AdamW(model.parameters(), 1e-3)
    size = 4 if how in IN_CACHE else samples
    times = []
    for _ in range(n + 2):
        start = time.perf_counter()
        optimiser.zero_grad()
        for i in range(0, samples, size):
            with torch.autocast('cpu', torch.bfloat16, enabled='bfloat16' in how): out = run(x[i:i + size])
            loss = torch.nn.functional.cross_entropy(out.float(), y[i:i + size], reduction='sum')
            (loss/samples).backward()
        optimiser.step()
        times.append(time.perf_counter() - start)
    return times[2:]

def encoder_step(how):
    """Median seconds of a training step on 32 samples.

    With attention in the cache each thread is a process with its share of the samples; else one process has them all.
    """
    n = THREADS if how in IN_CACHE else 1
    with ProcessPoolExecutor(n, mp_context=get_context('spawn')) as pool:
        jobs = [pool.submit(encoder_steps, THREADS//n, 32//n, how) for _ in range(n)]
        return statistics.median(max(steps) for steps in zip(*(j.result() for j in jobs)))

def encoder(rounds=3):
    "Training steps of the CIFAR-10 model, 32 x 1,024 tokens, as this package computes them and in PyTorch's eager mode"
    names = 'eager','ours','hardware-aware','compiled','compiled bfloat16','eager bfloat16'
    targets = {('ours', 'eager'): .25, ('hardware-aware', 'ours'): 2., ('compiled', 'eager'): None,
               ('compiled bfloat16', 'eager'): None, ('eager bfloat16', 'eager'): None}
    runs = [{how: encoder_step(how) for how in names} for _ in range(rounds)]
    ms = {how: 1e3*statistics.median(r[how] for r in runs) for how in names}
    for (a,b),target in targets.items():
        name = f'CIFAR-10 model, training step, 32 x 1,024 tokens: {a} / {b}'
        report(name, ms[a], ms[b], 'ms', [r[a]/r[b] for r in runs], target)
    print('tokens per second: ' + ', '.join(f'{how} {32*1024/ms[how]*1e3:,.0f}' for how in names))

# ------------------------------------------------------------------ the chip, and its peers

SHAPE = 8192, 64, 128 # inputs, and the matrix, of the products below
PRODUCT = 'product {} x {} -> {}'.format(*SHAPE)

@torch.no_grad()
def chip(g):
    "Programming, structured products, products on the chip, and the same in aihwkit and aihwkit-lightning"
    W = torch.randn(512, 512, generator=g)
    x = torch.randn(8192, 512)
    name = 'program a 512 x 512 matrix / its product with 8,192 vectors'
    compare(name, lambda: HERMES.program(W, g), lambda: x@W.T)
    structured(g)
    products(g)
    if not peers_installed('comparison'): return
    peer_devices(g)
    peer_products(g)

def structured(g):
    "SORF products computed from the signs, against the product with the matrix"
    for n,d,D,target in (4096, 1024, 8192, .33), (4096, 256, 2048, None), (4096, 16, 512, None):
        X = torch.randn(n, d, generator=g)
        for variant in 'uniform', 'paper':
            product = StructuredProduct(D, d, variant=variant, generator=g)
            W = product.dense()
            name = f'SORF product {n} x {d} -> {D}, {variant}: transforms / matrix'
            compare(name, lambda: product(X), lambda: X@W.T, target=target)

def inputs_and_matrix(g):
    n,d,D = SHAPE
    return torch.randn(n, d, generator=g),torch.randn(D, d, generator=g)

def products(g):
    "The chip's product against the digital one, with frozen errors alone and with noise at each product"
    x,W = inputs_and_matrix(g)
    frozen = replace(HERMES, gain_std=.03, offset_std=.1)
    noisy = replace(frozen, out_noise=.1)
    for name,config,target in ('frozen errors', frozen, 1.8), ('and output noise', noisy, 4):
        analog = config.program(W, g).calibrate(x)
        compare(f'{PRODUCT}, {name}: HERMES / digital', lambda: analog(x), lambda: x@W.T, n=31, target=target)

def peer_devices(g):
    "Programming and reading of a million weights, against aihwkit's Torch tiles of 512 x 512 with global compensation"
    from aihwkit.inference.noise.hermes import HermesNoiseModel
    from aihwkit.nn import AnalogLinear
    from aihwkit.simulator.configs import TorchInferenceRPUConfig
    weights = [torch.randn(512, 512, generator=g) for _ in range(4)]
    for n_devices,device in (1, PCM_ODP), (2, PCM_TDP):
        config = TorchInferenceRPUConfig(noise_model=HermesNoiseModel(num_devices=n_devices))
        config.forward.is_perfect = True # the cheapest read-out for the compensation
        layers = [AnalogLinear(512, 512, bias=False, rpu_config=config).eval() for _ in weights]
        for layer,W in zip(layers, weights): layer.set_weights(W)
        ours = replace(HERMES, device=device, tile_shape=(512, 512))
        name = f'1,048,576 weights, {n_devices} device(s) a polarity: ours / aihwkit'
        compare('program and first reading, ' + name, lambda: [ours.program(W, g).W_eff for W in weights],
                lambda: [(layer.program_analog_weights(), layer.drift_analog_weights(0.)) for layer in layers])
        compare('program, ' + name, lambda: [ours.program(W, g) for W in weights],
                lambda: [layer.program_analog_weights() for layer in layers], target=.4)
        programmed = [ours.program(W, g) for W in weights]
        compare('drift and read, ' + name, lambda: [m.set_time(3600.) for m in programmed],
                lambda: [layer.drift_analog_weights(3600.) for layer in layers], target=.4)

def peer_products(g):
    "Products of aihwkit and of aihwkit-lightning (without devices of its own), each against the digital product"
    x,W = inputs_and_matrix(g)
    for noise in 0., .1:
        layer = aihwkit_layer(W, x.abs().max().item(), noise)
        name = 'output noise' if noise else '8-bit inputs'
        compare(f'{PRODUCT}, {name}: aihwkit / digital', lambda: layer(x), lambda: x@W.T, n=31)
    layer = lightning_layer(W, x.abs().max().item())
    compare(f'{PRODUCT}, 8-bit inputs: aihwkit-lightning / digital', lambda: layer(x), lambda: x@W.T, n=31)

def aihwkit_layer(W, input_range, out_noise):
    "A layer of aihwkit with 8-bit inputs, one fixed input range as ours, and no limit or rounding of outputs"
    from aihwkit.nn import AnalogLinear
    from aihwkit.simulator.configs import TorchInferenceRPUConfig
    from aihwkit.simulator.parameters.enums import BoundManagementType, NoiseManagementType
    config = TorchInferenceRPUConfig()
    forward,ranges = config.forward,config.pre_post.input_range
    forward.inp_res = 1/254
    forward.out_res = forward.out_bound = -1.
    forward.out_noise = out_noise
    forward.noise_management,forward.bound_management = NoiseManagementType.NONE,BoundManagementType.NONE
    ranges.enable = True
    ranges.init_from_data = 0
    ranges.init_value = input_range
    layer = AnalogLinear(W.shape[1], W.shape[0], bias=False, rpu_config=config).eval()
    layer.set_weights(W)
    return layer

def lightning_layer(W, input_range):
    "A layer of aihwkit-lightning with 8-bit inputs and one fixed input range"
    from aihwkit_lightning.nn import AnalogLinear
    from aihwkit_lightning.simulator.configs import TorchInferenceRPUConfig
    config = TorchInferenceRPUConfig()
    config.forward.inp_res = 254
    config.pre_post.input_range.enable = True
    layer = AnalogLinear(W.shape[1], W.shape[0], bias=False, rpu_config=config).eval()
    layer.set_weights(W)
    layer.input_range.data.fill_(input_range)
    return layer

# ------------------------------------------------------------------ hardware-aware training

def layers_to_train():
    "Constructors (d, D) -> layer by name: ours and, where they are installed, those of the peers"
    recipe = TrainingRecipe(dac_bits=8, weight_noise=.12, out_noise=.1, init_steps=1)
    exact = replace(recipe, exact_noise=True)
    layers = {'HardwareAwareLinear': lambda d, D: make_hardware_aware(OurLinear(d, D), recipe),
              'with exact noise': lambda d, D: make_hardware_aware(OurLinear(d, D), exact)}
    if not peers_installed('training'): return layers
    from aihwkit.nn import AnalogLinear
    from aihwkit_lightning.nn import AnalogLinear as LightningLinear
    return layers | {
        'aihwkit-lightning': lambda d, D: LightningLinear(d, D, rpu_config=to_lightning(recipe)),
        "aihwkit's Torch tile": lambda d, D: AnalogLinear(d, D, rpu_config=to_aihwkit(recipe))}

def training():
    """Steps of hardware-aware training against those of `nn.Linear`.

    A step is a forward pass and the gradients of inputs, weights, bias and range.
    """
    layers = layers_to_train()
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
            compare(f'training step {n} x {d} -> {D}: {name} / nn.Linear', lambda: step(layer), lambda: step(plain),
                    n=repeats, target=target if name == 'HardwareAwareLinear' else None)

# ------------------------------------------------------------------ a whole experiment

def experiment():
    "Time of the ridge experiment's FP32 runs on one data set, with nothing in its cache"
    options = ['ridge', '--datasets', 'magic', '--platforms', 'fp32']
    with tempfile.TemporaryDirectory() as folder:
        command = [str(Path(sys.executable).parent/'kernel-aimc'), *options, '--out', f'{folder}/r.csv']
        start = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True, env=os.environ | {'KERNEL_AIMC_CACHE': folder})
        seconds = time.perf_counter() - start
    shown = ' '.join(['kernel-aimc', *options, '...'])
    print(f"{'300 FP32 fits of magic, cold cache: ' + shown:84} {seconds:8.1f} s")

# ------------------------------------------------------------------ command

def write(path, keep):
    "Write the measured rows as CSV; with `keep`, other rows that the file has stay"
    rows = {}
    if keep and Path(path).exists():
        with open(path, newline='') as f: rows = {r['comparison']: r for r in csv.DictReader(f)}
    rows |= {r['comparison']: r for r in ROWS}
    with open(path, 'w', newline='') as f:
        writer = csv.DictWriter(f, list(ROWS[0]))
        writer.writeheader()
        writer.writerows(rows.values())

def main():
    g = torch.Generator().manual_seed(0)
    parts = dict(features=lambda: features(g), ridge=lambda: ridge(g), attention=lambda: attention(g), encoder=encoder,
                 chip=lambda: chip(g), training=training, experiment=experiment)
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
                                allow_abbrev=False)
    p.add_argument('--one-thread', action='store_true', help='use one thread and count processor time')
    p.add_argument('--only', metavar='PARTS', help=f'measure some of {", ".join(parts)}, with commas between them')
    p.add_argument('--out', metavar='FILE', help='also write the ratios as CSV')
    args = p.parse_args()
    names = args.only.split(',') if args.only else list(parts)
    if unknown := set(names) - set(parts):
        sys.exit(f"bench: --only must be of {', '.join(parts)}, got {', '.join(sorted(unknown))}.")
    warnings.filterwarnings('ignore')
    torch.set_num_threads(THREADS)
    print(f'{"":84} {"ours":>11} {"theirs":>11}')
    for name in names: parts[name]()
    if args.out and ROWS: write(args.out, keep=bool(args.only))

if __name__ == '__main__': main()
