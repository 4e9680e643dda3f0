"""Test accuracies of the checkpoints, digitally and on chips.

Writes the rows of results/lra.csv, and of results/lra_checks.csv, which tests repeat. It takes about an hour for the
three models of a task on two cores, more for Retrieval.

python tools/lra.py DATA_HOME [FOLDER …]: of all folders in checkpoints/, or of these; `--only year` for some of a
model's rows (check, digital, chip, rows, copies, whole or year; several with commas).
"""
import argparse
from pathlib import Path

from kernel_aimc.lra import LRARun, add_results, evaluate, load_encoder, run_data

ROOT = Path(__file__).parents[1]
CHIP_SAMPLES,YEAR_SAMPLES = 2000,1000
YEAR = 1.,3600.,86400.,2592000.,31536000. # seconds
BOTH = 'hermes','hermes-calibrated'
PARTS = 'check','digital','chip','rows','copies','whole','year'

def check_samples(task): return 40 if task == 'aan' else 100 # pairs of long texts take long

def evaluations(run, n):
    "Parts, and arguments of `evaluate`, for n test samples; tests/test_checkpoints.py repeats that of part 'check'"
    return _fp32_model(run, n) if run['hardware'] == 'none' else _fine_tuned_model(run, n)

def _fp32_model(run, n):
    yield 'check',dict(on='fp32', samples=check_samples(run['task']))
    yield 'digital',dict(on='fp32', samples=None)
    if n > CHIP_SAMPLES: yield 'digital',dict(on='fp32', samples=CHIP_SAMPLES)
    for what in ('attention', 'all') if run['attention'] != 'exact' else ('all',):
        yield 'chip',dict(on=BOTH, what=what, samples=CHIP_SAMPLES, seeds=3)

def _fine_tuned_model(run, n):
    hardware = run['hardware']
    yield 'check',dict(on='hermes-calibrated', what=hardware, samples=check_samples(run['task']))
    yield 'digital',dict(on='fp32', samples=CHIP_SAMPLES)
    yield 'chip',dict(on=BOTH, what=hardware, samples=CHIP_SAMPLES, seeds=10)
    yield 'rows',dict(on=BOTH, what=hardware, samples=CHIP_SAMPLES, seeds=10, row_copies=4)
    if (run['task'], hardware) == ('pathfinder', 'all'): # about a point below FP32, which 2,000 samples tell badly
        twice = dict(on='hermes-calibrated', what='all', row_copies=4, copies=2)
        yield 'copies',dict(twice, samples=CHIP_SAMPLES, seeds=10)
        yield 'whole',dict(on='fp32', samples=None)
        for copies in 1, 2: yield 'whole',dict(twice, copies=copies, samples=None, seeds=3)
    if hardware == 'all':
        if n > YEAR_SAMPLES: yield 'year',dict(on='fp32', samples=YEAR_SAMPLES)
        for recalibration in 'compensated', 'uncompensated', 'full':
            yield 'year',dict(on='hermes-calibrated', what='all', samples=YEAR_SAMPLES, seeds=3, times=YEAR,
                              recalibration=recalibration, row_copies=4)

def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('data_home')
    p.add_argument('folders', nargs='*', metavar='FOLDER')
    p.add_argument('--only', default=','.join(PARTS), metavar='PARTS', help=f"of {', '.join(PARTS)}")
    args = p.parse_args()
    only = args.only.split(',')
    if unknown := set(only) - set(PARTS):
        p.error(f"--only must be some of {', '.join(PARTS)}, got {', '.join(sorted(unknown))}.")
    everything = sorted(p.parent for p in (ROOT/'checkpoints').glob('*/best.safetensors'))
    for folder in [ROOT/'checkpoints'/n for n in args.folders] or everything:
        run = load_encoder(folder)[1]['run']
        data = run_data(LRARun.from_facts(run), args.data_home)
        for part,settings in evaluations(run, len(data.test)):
            if part in only: add_rows(folder, data, part, settings)

def add_rows(folder, data, part, settings):
    results = evaluate(folder, data=data, **settings)
    add_results(results, ROOT/'results'/('lra_checks.csv' if part == 'check' else 'lra.csv'))
    means = results.groupby(['platform', 'what', 't_s'], sort=False).value.mean()
    print(folder.name, settings, *(f'{k[0]} {k[2]} {v:.2f}' for k,v in means.items()), sep='  ', flush=True)

if __name__ == '__main__': main()
