"""Build the wheel and use it in an empty environment: import every module, run the main job, and run some notebooks.

Importing is timed against the imports of torch and of scikit-learn's classes. The main job runs in an empty folder, small. The notebooks
run with nothing but the extra `notebooks`, as JupyterLab would run them.
"""
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

LIMIT_S = 2.
NOTEBOOKS = 'nbs/tour.ipynb','nbs/00_kernels.ipynb','nbs/experiments/ridge.ipynb'
MEASURE = """
import time, importlib, pkgutil
start = time.perf_counter(); import torch; torch_s = time.perf_counter() - start
start = time.perf_counter(); import kernel_aimc
names = [m.name for m in pkgutil.iter_modules(kernel_aimc.__path__) if m.name not in ('_modidx', 'processors', 'pages')] # these two are for development
for name in names:
    if name != 'estimators': importlib.import_module('kernel_aimc.' + name)
own_s = time.perf_counter() - start
import sys; assert 'sklearn' not in sys.modules, 'scikit-learn is for kernel_aimc.estimators alone: it takes a second to import'
import sklearn.base, sklearn.utils.multiclass # whose classes the estimators are
start = time.perf_counter(); import kernel_aimc.estimators
print(torch_s, own_s + time.perf_counter() - start, len(names))
"""

def main():
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        run = lambda *c, **kw: subprocess.run([str(a) for a in c], check=True, cwd=folder, **kw)
        top = Path.cwd()
        run(sys.executable, '-m', 'build', '--wheel', '--outdir', folder, top, stdout=subprocess.DEVNULL)
        wheel, = folder.glob('*.whl')
        venv.create(folder/'env', with_pip=True)
        python = folder/'env'/'bin'/'python'
        run(python, '-m', 'pip', 'install', '-q', '--disable-pip-version-check', '-c', top/'constraints.txt', wheel)
        command = folder/'env'/'bin'/'kernel-aimc'
        run(command, '--version')
        times = [list(map(float, run(python, '-c', MEASURE, capture_output=True, text=True).stdout.split())) for _ in range(4)][1:] # first: byte-compiles
        torch_s,own_s = (min(t[i] for t in times) for i in (0, 1))
        print(f'{wheel.name}, {wheel.stat().st_size/1024:.0f} kB: torch imports in {torch_s:.2f} s, all {times[0][2]:.0f} modules in {own_s:.2f} s more')
        if own_s > LIMIT_S: sys.exit(f'check_wheel: importing takes {own_s:.2f} s, allowed are {LIMIT_S} s; import what is heavy inside functions')
        run(python, '-m', 'pip', 'install', '-q', '--disable-pip-version-check', '-c', top/'constraints.txt', f'{wheel}[notebooks]')
        empty = folder/'empty'
        empty.mkdir()
        subprocess.run([command, 'ridge', '--datasets', 'magic', '--samplers', 'orf', '--log2-ratios', '1', '--seeds', '1', '--no-cache'], check=True, cwd=empty)
        run(python, top/'tools'/'run_notebooks.py', '--here', *(top/n for n in NOTEBOOKS))

if __name__ == '__main__': main()
