"A cluster that loses a worker half-way gives what it gives otherwise, to the last bit"
import json
import subprocess
import sys
from pathlib import Path

import pytest

TOOL = Path(__file__).parent.parent/'tools'/'out_of_core.py'

@pytest.mark.skipif(sys.platform != 'linux', reason='the peak memory of a worker is read from /proc')
def test_a_lost_worker_changes_nothing():
    pytest.importorskip('distributed', reason='dask.distributed is not installed: pip install "kernel_aimc[dask]"')
    run = lambda case: json.loads(subprocess.run([sys.executable, TOOL, '--case', case, '--rows', '2000000'], check=True, capture_output=True, text=True).stdout.splitlines()[-1])
    undisturbed,disturbed = run('cluster'),run('cluster_one_worker_killed') # which fails if no worker was killed and replaced
    assert disturbed['predictions'] == undisturbed['predictions'] and undisturbed['test_r2'] > .8
