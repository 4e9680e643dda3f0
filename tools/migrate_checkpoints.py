"""Rewrite headers of checkpoints that a former version wrote.

They then hold today's names of settings, and whether the run is finished.

python tools/migrate_checkpoints.py FOLDER …: of the folders of runs. Weights stay as they are. Headers in the former
form can be read without this as well; only `is_finished` needs to know the last update, which former versions wrote to
last.safetensors alone.
"""
import argparse
from pathlib import Path

import torch

from kernel_aimc.lra import load_checkpoint, read_log, save_checkpoint

def final_update(folder):
    "The last update of a finished run, or None"
    last = folder/'last.safetensors'
    if not last.exists(): return None
    facts = load_checkpoint(last)[1]
    is_end = facts['update'] == facts['run']['max_updates'] == read_log(folder)['update'].iloc[-1]
    return facts['update'] if is_end else None

def migrate(folder):
    "Rewrite the headers of a run; gives the last update of a finished one"
    end = final_update(folder)
    for path in sorted(folder.glob('*.safetensors')):
        tensors,facts = load_checkpoint(path)
        if path.stem == 'best' and end is not None: facts['final_update'] = int(end)
        save_checkpoint(path, tensors, facts)
        written,_ = load_checkpoint(path)
        if written.keys() != tensors.keys() or not all(torch.equal(t, written[k]) for k,t in tensors.items()):
            raise OSError(f'migrate_checkpoints: {path} was not written as it was read; restore it from a copy.')
    return end

def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('folders', nargs='+', type=Path, metavar='FOLDER')
    for folder in p.parse_args().folders:
        end = migrate(folder)
        print(folder, 'still going on' if end is None else f'finished after {end} updates', sep='  ')

if __name__ == '__main__': main()
