"Every checkpoint that is kept evaluates to what results/lra_checks.csv says of its first test samples: digitally, or on the chip if it was trained for it"
import runpy
from pathlib import Path

import pandas as pd
import pytest

from kernel_aimc.lra import evaluate, load_checkpoint, load_encoder
from kernel_aimc.lra_data import load_lra

ROOT = Path(__file__).parents[1]
def finished(folder):
    update,run = (load_checkpoint(folder/'last.safetensors')[1][k] for k in ('update', 'run'))
    return update == run['updates']

FOLDERS = [f for f in sorted(p.parent for p in (ROOT/'checkpoints').glob('*/best.safetensors')) if finished(f)] # others go on with --resume
evaluations = runpy.run_path(str(ROOT/'tools'/'lra.py'))['evaluations'] # what made the rows

def test_checkpoints_are_small_and_whole():
    assert FOLDERS
    for folder in FOLDERS:
        files = {p.name: p.stat().st_size for p in folder.iterdir()} | {'last.safetensors': sum(t.nbytes for k,t in load_checkpoint(folder/'last.safetensors')[0].items() if k.startswith('model.'))} # without the optimiser's state
        assert max(files.values()) < 1e6 and sum(files.values()) < 2e6
        log,facts = pd.read_csv(folder/'log.csv'),load_checkpoint(folder/'best.safetensors')[1]
        assert log['update'].is_monotonic_increasing and facts['validation_accuracy'] == pytest.approx(log.validation_accuracy.max(), abs=1e-5)
        assert log.dropna(subset='validation_accuracy')['update'].iloc[-1] == log['update'].iloc[-1]

@pytest.fixture(scope='module')
def converted(tmp_path_factory): return tmp_path_factory.mktemp('lra')

@pytest.mark.parametrize('folder', FOLDERS, ids=lambda p: p.name)
def test_a_checkpoint_repeats_its_row(folder, testbench, converted):
    run = load_encoder(folder)[1]['run']
    settings = next(settings for part,settings in evaluations(run, 0) if part == 'check')
    n,generated = settings['samples'],run['task'] in ('listops', 'pathfinder')
    data = load_lra(run['task'], testbench/'data', download=False, cache=converted, progress=False, **dict(sizes=(64, 1, n)) if generated else {}, **dict(level=run['level']) if run['task'] == 'pathfinder' else {})
    got = evaluate(folder, data=data, jobs=1, progress=False, **settings)
    kept = pd.read_csv(ROOT/'results'/'lra_checks.csv', keep_default_na=False)
    for row in got.itertuples():
        same = kept[(kept.task == row.task) & (kept.attention == row.attention) & (kept.training == row.training) & (kept.platform == row.platform) & (kept.what == row.what) & (kept.metric == row.metric)]
        assert len(same) == 1 and abs(same.value.item() - row.value) <= 100/n # one sample may lie on the border of two classes on another processor
