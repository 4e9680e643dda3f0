"""FP32 results on the paper's data, against the published values and against those of the paper's own script.

Ours are means over 10 seeds with the protocol 'paper'. A cell is a data set, kernel, sampler,
ratio log2(D/d) and metric.
"""
import pandas as pd
import pytest

from kernel_aimc.datasets import DATASETS, load
from kernel_aimc.ridge import ridge_grid, run_grid

CELL = ['dataset', 'kernel', 'sampler', 'log2_ratio', 'metric']

@pytest.fixture(scope='module')
def cells(testbench):
    "One row for each cell: our mean, the published mean, and the mean of the paper's script on the same files"
    runs = ridge_grid(datasets=['magic', 'eeg', 'ijcnn1', 'skin'], platforms=['fp32'])
    ours = run_grid(runs, data_home=testbench/'data', cache=None, progress=False).groupby(CELL).value.mean()
    measured = pd.read_csv(testbench/'reference'/'hermes_ridge_measurements.csv')
    published = measured[measured.platform == 'fp32'].groupby(CELL).value.mean()
    script = pd.read_csv(testbench/'reference'/'paper_script_rerun.csv').set_index(CELL)['mean']
    columns = [ours.rename('ours'), published.rename('published'), script.rename('script')]
    return pd.concat(columns, axis=1, join='inner')

def points(cells, names, reference):
    "Differences of the accuracy, in percentage points"
    a = cells.loc[names].xs('accuracy', level='metric')
    return 100*(a.ours - a[reference]).abs()

def relative(cells, names, reference):
    "Relative differences of the kernel's approximation error"
    e = cells.loc[names].xs('approx_error', level='metric')
    return (e.ours/e[reference] - 1).abs()

THREE = ['magic', 'eeg', 'ijcnn1']

def test_the_three_complete_sets_agree_with_the_paper_s_script(cells):
    p,r = points(cells, THREE, 'script'),relative(cells, THREE, 'script')
    assert len(p) == len(r) == 90
    assert (p <= 1).sum() >= 88 and p.median() <= .3, p.sort_values()
    assert (r <= .25).sum() >= 86, r.sort_values()

def test_the_three_complete_sets_agree_with_the_published_values(cells):
    # The published values of EEG come from one random split; ours average over ten. With 80 seeds, 88 cells agree
    # within a point. With ten, 86 to 90 do, depending on the seeds (87 with seeds 0 to 9), since the mean of ten EEG
    # runs is uncertain by 0.3 points on either side.
    p,r = points(cells, THREE, 'published'),relative(cells, THREE, 'published')
    assert (p <= 1).sum() >= 86 and p.median() <= .3 and p.max() < 1.5, p.sort_values()
    assert (r <= .25).sum() >= 86, r.sort_values()

def test_skin_agrees_with_the_paper_s_script_where_five_directions_do_not_decide(cells):
    # The published skin accuracies belong to other data or labels. At log2(D/d) = 1 there are 5 directions, and ten
    # seeds scatter by up to 4 points.
    p,r = points(cells, ['skin'], 'script'),relative(cells, ['skin'], 'script')
    settled = p[p.index.get_level_values('log2_ratio') > 1]
    assert len(settled) == 24 and (settled <= 1).sum() >= 23 and p.median() <= .3, p.sort_values()
    assert (r <= .25).sum() >= 28, r.sort_values()

def test_every_data_set_loads_from_its_official_files(testbench):
    for name,spec in DATASETS.items():
        data = load(name, testbench/'data', download=False)
        assert data.X.shape == (sum(spec.counts), spec.n_features) and 'package' not in data.source
    assert load('ijcnn1', testbench/'data', features='paper').X.shape[1] == 13
    sizes = {k: s.stop - s.start for k,s in load('ijcnn1', testbench/'data').parts.items()}
    assert sizes == dict(train=35000, validation=14990, test=91701)

def test_the_package_and_the_official_file_hold_the_same_letters(testbench):
    from kernel_aimc.datasets import content_hash
    spec = DATASETS['letter']
    official = spec.read(testbench/'data'/'letter-recognition.data')
    assert content_hash(*spec.package()) == content_hash(*official) == spec.content
