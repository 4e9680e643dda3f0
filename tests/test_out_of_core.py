"A cluster that loses a worker half-way gives what it gives otherwise, to the last bit"
import json
import subprocess
import sys
from pathlib import Path

import pytest

TOOL = Path(__file__).parent.parent/'tools'/'out_of_core.py'

def run(case):
    "Results of one case of the tool, with 2 million rows"
    command = [sys.executable, TOOL, '--case', case, '--rows', '2000000']
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])

@pytest.mark.skipif(sys.platform != 'linux', reason='the peak memory of a worker is read from /proc')
def test_a_lost_worker_changes_nothing():
    pytest.importorskip('distributed', reason='dask.distributed is not installed: pip install "kernel_aimc[dask]"')
    undisturbed = run('cluster')
    disturbed = run('cluster_one_worker_killed') # fails if no worker was killed and replaced
    assert disturbed['predictions'] == undisturbed['predictions'] and undisturbed['test_r2'] > .8
