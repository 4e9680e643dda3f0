"""Test accuracies of the checkpoints, digitally and on chips: the rows of results/lra.csv, and of results/lra_checks.csv, which tests repeat; about an hour for the three models of a task on two cores, more for Retrieval.

python tools/lra.py DATA_HOME [FOLDER …]: of all folders in checkpoints/, or of these; `--only year` (or check, digital, chip, rows, copies, whole; with commas) for some of a model's rows.
"""
import argparse
from pathlib import Path

from kernel_aimc.lra import add_results, evaluate, load_encoder
from kernel_aimc.lra_data import load_lra

ROOT = Path(__file__).parents[1]
CHIP_SAMPLES,YEAR_SAMPLES = 2000,1000
YEAR = 1.,3600.,86400.,2592000.,31536000.
def check_samples(task): return 40 if task == 'aan' else 100 # pairs of long texts take long
PARTS = 'check','digital','chip','rows','copies','whole','year'

def evaluations(run, n):
    "Parts, and arguments of `evaluate`, for n test samples; the one of part 'check' is repeated by tests/test_checkpoints.py"
    hardware,attention = run['hardware'],run['attention']
    both = ('hermes', 'hermes-calibrated')
    if hardware == 'none':
        yield 'check',dict(on='fp32', samples=check_samples(run['task']))
        yield 'digital',dict(on='fp32', samples=None)
        if n > CHIP_SAMPLES: yield 'digital',dict(on='fp32', samples=CHIP_SAMPLES)
        for what in ('attention', 'all') if attention != 'exact' else ('all',): yield 'chip',dict(on=both, what=what, samples=CHIP_SAMPLES, seeds=3)
        return
    yield 'check',dict(on='hermes-calibrated', what=hardware, samples=check_samples(run['task']))
    yield 'digital',dict(on='fp32', samples=CHIP_SAMPLES)
    yield 'chip',dict(on=both, what=hardware, samples=CHIP_SAMPLES, seeds=10)
    yield 'rows',dict(on=both, what=hardware, samples=CHIP_SAMPLES, seeds=10, row_copies=4)
    if (run['task'], hardware) == ('pathfinder', 'all'): # a point below FP32, more or less, which 2,000 samples tell badly
        twice = dict(on='hermes-calibrated', what='all', row_copies=4, copies=2)
        yield 'copies',dict(twice, samples=CHIP_SAMPLES, seeds=10)
        yield 'whole',dict(on='fp32', samples=None)
        for copies in 1, 2: yield 'whole',dict(twice, copies=copies, samples=None, seeds=3)
    if hardware == 'all':
        if n > YEAR_SAMPLES: yield 'year',dict(on='fp32', samples=YEAR_SAMPLES)
        for upkeep in 'compensated', 'uncompensated', 'renewed': yield 'year',dict(on='hermes-calibrated', what='all', samples=YEAR_SAMPLES, seeds=3, times=YEAR, upkeep=upkeep, row_copies=4)

def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('data_home')
    p.add_argument('folders', nargs='*', metavar='FOLDER')
    p.add_argument('--only', default=','.join(PARTS), metavar='PARTS', help=f"of {', '.join(PARTS)}")
    args = p.parse_args()
    only = args.only.split(',')
    if unknown := set(only) - set(PARTS): p.error(f"--only must be some of {', '.join(PARTS)}, got {', '.join(sorted(unknown))}.")
    for folder in [ROOT/'checkpoints'/n for n in args.folders] or sorted(p.parent for p in (ROOT/'checkpoints').glob('*/best.safetensors')):
        run = load_encoder(folder)[1]['run']
        data = load_lra(run['task'], args.data_home, **(dict(level=run['level']) if run['task'] == 'pathfinder' else {}))
        for part,settings in evaluations(run, len(data.test)):
            if part not in only: continue
            results = evaluate(folder, data=data, **settings)
            add_results(results, ROOT/'results'/('lra_checks.csv' if part == 'check' else 'lra.csv'))
            print(folder.name, settings, *(f'{k[0]} {k[2]} {v:.2f}' for k,v in results.groupby(['platform', 'what', 't_s'], sort=False).value.mean().items()), sep='  ', flush=True)

if __name__ == '__main__': main()
