"""Every kept checkpoint evaluates to what results/lra_checks.csv says of its first test samples.

Digitally, or on the chip if it was trained for it.
"""
import runpy
from pathlib import Path

import pandas as pd
import pytest

from kernel_aimc.lra import LRARun, evaluate, is_finished, load_checkpoint, load_encoder, read_log, run_data

ROOT = Path(__file__).parents[1]
ALL = sorted(p.parent for p in (ROOT/'checkpoints').glob('*/best.safetensors'))
FOLDERS = [f for f in ALL if is_finished(f)] # others go on with --resume
evaluations = runpy.run_path(str(ROOT/'tools'/'lra.py'))['evaluations'] # what made the rows

def test_checkpoints_are_small_and_whole():
    assert FOLDERS
    for folder in FOLDERS:
        files = {p.name: p.stat().st_size for p in folder.iterdir()}
        assert files.keys() == {'best.safetensors', 'log.csv', 'curves.png'}
        assert max(files.values()) < 1e6 and sum(files.values()) < 2e6
        log,(tensors,facts) = read_log(folder),load_checkpoint(folder/'best.safetensors')
        assert all(name.startswith('model.') for name in tensors)
        assert log['update'].is_monotonic_increasing
        assert facts['validation_accuracy'] == pytest.approx(log.validation_accuracy.max(), abs=1e-5)
        assert facts['update'] <= facts['final_update'] == log['update'].iloc[-1]
        assert log.dropna(subset='validation_accuracy')['update'].iloc[-1] == log['update'].iloc[-1]

@pytest.fixture(scope='module')
def converted(tmp_path_factory): return tmp_path_factory.mktemp('lra')

@pytest.mark.parametrize('folder', FOLDERS, ids=lambda p: p.name)
def test_a_checkpoint_repeats_its_row(folder, testbench, converted):
    run = load_encoder(folder)[1]['run']
    settings = next(settings for part,settings in evaluations(run, 0) if part == 'check')
    n = settings['samples']
    sizes = dict(sizes=(64, 1, n)) if run['task'] in ('listops', 'pathfinder') else {} # generated
    data = run_data(LRARun.from_facts(run), testbench/'data', download=False, cache=converted, progress=False, **sizes)
    got = evaluate(folder, data=data, jobs=1, progress=False, **settings)
    kept = pd.read_csv(ROOT/'results'/'lra_checks.csv', keep_default_na=False)
    for row in got.itertuples():
        is_same = [kept[c] == getattr(row, c) for c in ('task', 'attention', 'training', 'platform', 'what', 'metric')]
        same = kept[pd.concat(is_same, axis=1).all(axis=1)]
        assert len(same) == 1
        assert abs(same.value.item() - row.value) <= 100/n # one sample may lie on the border of two classes elsewhere
