"""Build the wheel and use it in an empty environment: import every module, run the main job, and run some notebooks.

Importing is timed against the imports of torch and of scikit-learn's classes. The main job runs small, in an empty
folder. The notebooks run with nothing but the extra `notebooks`, as JupyterLab would run them.
"""
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LIMIT_S = 2.
NOTEBOOKS = 'nbs/tour.ipynb','nbs/00_kernels.ipynb','nbs/experiments/ridge.ipynb'
MAIN_JOB = 'ridge', '--datasets', 'magic', '--samplers', 'orf', '--log2-ratios', '1', '--seeds', '1', '--no-cache'
MEASURE = """
import importlib, pkgutil, sys, time
start = time.perf_counter()
import torch
torch_s = time.perf_counter() - start

start = time.perf_counter()
import kernel_aimc
for_development = '_modidx', 'processors', 'pages'
names = [m.name for m in pkgutil.iter_modules(kernel_aimc.__path__) if m.name not in for_development]
for name in names:
    if name != 'estimators': importlib.import_module('kernel_aimc.' + name)
own_s = time.perf_counter() - start
assert 'sklearn' not in sys.modules, 'only kernel_aimc.estimators may import scikit-learn: that takes a second'

import sklearn.base, sklearn.utils.multiclass # the estimators derive from these classes
start = time.perf_counter()
import kernel_aimc.estimators
own_s += time.perf_counter() - start
print(torch_s, own_s, len(names))
"""


def run(*command, cwd, **options):
    "Run a command in a folder; raises if it fails"
    return subprocess.run([str(c) for c in command], check=True, cwd=cwd, **options)

def build(folder):
    "Build the wheel in a folder; returns its path"
    command = sys.executable, '-m', 'build', '--wheel', '--outdir', folder, ROOT
    run(*command, cwd=folder, stdout=subprocess.DEVNULL)
    wheel, = folder.glob('*.whl')
    return wheel

def install(python, requirement, folder):
    constraints = ROOT/'constraints.txt'
    run(python, '-m', 'pip', 'install', '-q', '--disable-pip-version-check', '-c', constraints, requirement, cwd=folder)

def import_times(python, folder):
    "Seconds that torch takes to import, seconds that all modules add, and their number: the best of three processes"
    outputs = [run(python, '-c', MEASURE, cwd=folder, capture_output=True, text=True).stdout for _ in range(4)]
    times = [[float(n) for n in out.split()] for out in outputs[1:]] # the first process byte-compiles
    return min(t[0] for t in times),min(t[1] for t in times),int(times[0][2])

def main():
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        empty = folder/'empty'
        empty.mkdir()
        wheel = build(folder)
        venv.create(folder/'env', with_pip=True)
        programs = folder/'env'/'bin'
        python,command = programs/'python',programs/'kernel-aimc'
        install(python, wheel, folder)
        run(command, '--version', cwd=folder)
        torch_s,own_s,n = import_times(python, folder)
        print(f'{wheel.name}, {wheel.stat().st_size/1024:.0f} kB: torch imports in {torch_s:.2f} s, '
              f'all {n} modules in {own_s:.2f} s more')
        if own_s > LIMIT_S:
            sys.exit(f'check_wheel: importing takes {own_s:.2f} s, allowed are {LIMIT_S} s; '
                     'import large packages inside the functions that need them')
        install(python, f'{wheel}[notebooks]', folder)
        run(command, *MAIN_JOB, cwd=empty)
        run(python, ROOT/'tools'/'run_notebooks.py', '--here', *(ROOT/n for n in NOTEBOOKS), cwd=folder)

if __name__ == '__main__': main()
