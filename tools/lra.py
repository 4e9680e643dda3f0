"""Test accuracies of the checkpoints, digitally and on chips: the rows of results/lra.csv, and of results/lra_checks.csv, which tests repeat; about half an hour for the three models of a task on two cores.

python tools/lra.py DATA_HOME [FOLDER …]: of all folders in checkpoints/, or of these.
"""
import sys
from pathlib import Path

from kernel_aimc.lra import add_results, evaluate, load_encoder
from kernel_aimc.lra_data import load_lra

ROOT = Path(__file__).parents[1]
CHIP_SAMPLES,YEAR_SAMPLES,CHECK_SAMPLES = 2000,1000,100
YEAR = 1.,3600.,86400.,2592000.,31536000.

def evaluations(run, n):
    "Arguments of `evaluate`, for n test samples"
    hardware,attention = run['hardware'],run['attention']
    both = ('hermes', 'hermes-calibrated')
    if hardware == 'none':
        yield dict(on='fp32', samples=None)
        if n > CHIP_SAMPLES: yield dict(on='fp32', samples=CHIP_SAMPLES)
        for what in ('attention', 'all') if attention != 'exact' else ('all',): yield dict(on=both, what=what, samples=CHIP_SAMPLES, seeds=3)
        return
    yield dict(on=('fp32', *both), what=hardware, samples=CHIP_SAMPLES, seeds=10)
    if hardware == 'all':
        if n > YEAR_SAMPLES: yield dict(on='fp32', samples=YEAR_SAMPLES)
        for upkeep in 'compensated', 'uncompensated', 'renewed': yield dict(on='hermes-calibrated', what='all', samples=YEAR_SAMPLES, seeds=3, times=YEAR, upkeep=upkeep)

def check(run):
    "The one that tests/test_checkpoints.py repeats"
    return dict(on='fp32', samples=CHECK_SAMPLES) if run['hardware'] == 'none' else dict(on='hermes-calibrated', what=run['hardware'], samples=CHECK_SAMPLES)

def main(data_home, *names):
    for folder in sorted(p.parent for p in (ROOT/'checkpoints').glob('*/best.safetensors')) if not names else [ROOT/'checkpoints'/n for n in names]:
        run = load_encoder(folder)[1]['run']
        data = load_lra(run['task'], data_home, **(dict(level=run['level']) if run['task'] == 'pathfinder' else {}))
        for settings in check(run),*evaluations(run, len(data.test)):
            results = evaluate(folder, data=data, **settings)
            add_results(results, ROOT/'results'/('lra_checks.csv' if settings['samples'] == CHECK_SAMPLES else 'lra.csv'))
            print(folder.name, settings, *(f'{k[0]} {k[2]} {v:.2f}' for k,v in results.groupby(['platform', 'what', 't_s'], sort=False).value.mean().items()), sep='  ', flush=True)

if __name__ == '__main__': main(*sys.argv[1:])
