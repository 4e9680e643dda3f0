"An interrupted grid continues where it stopped"
import os
import signal
import subprocess
import sys
import time

import pandas as pd


def test_interrupting_and_starting_again_gives_the_uninterrupted_result(tmp_path):
    command = [sys.executable, '-c', 'from kernel_aimc.cli import main; main()',
               *'ridge --datasets magic --kernels rbf --seeds 3 --jobs 1'.split()]
    env = os.environ | {'KERNEL_AIMC_CACHE': str(tmp_path/'interrupted')}
    def finished_fits(): return len(list((tmp_path/'interrupted').rglob('output.pkl')))
    # A shell starts background commands with SIGINT ignored, and so would ours be if the tests run in one.
    process = subprocess.Popen([*command, '--out', str(tmp_path/'a.csv')], env=env, stderr=subprocess.PIPE, text=True,
                               preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
    deadline = time.monotonic() + 120
    while finished_fits() < 10 and process.poll() is None and time.monotonic() < deadline: time.sleep(.02)
    process.send_signal(signal.SIGINT)
    _,err = process.communicate(timeout=120)
    assert process.returncode == 130 and 'the same command continues' in err and 'Traceback' not in err, err
    finished = finished_fits()
    assert 10 <= finished < 135 and not (tmp_path/'a.csv').exists()
    subprocess.run([*command, '--out', str(tmp_path/'a.csv')], env=env, check=True, capture_output=True)
    assert finished_fits() == 135 # 3 samplers, 5 ratios, 3 seeds, 3 platforms
    subprocess.run([*command, '--out', str(tmp_path/'b.csv'), '--no-cache'], env=env, check=True, capture_output=True)
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path/'a.csv'), pd.read_csv(tmp_path/'b.csv'))
