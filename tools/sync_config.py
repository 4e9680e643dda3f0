"Make pyproject.toml from settings.ini: nbdev's own migration, then what it leaves out (extras, keys of [nbdev]); and the version in CITATION.cff"
import contextlib
import io
import os
import re
from configparser import ConfigParser
from pathlib import Path

from nbdev.migrate import nbdev_migrate_config


def main():
    p = Path('pyproject.toml')
    old,stat = (p.read_text(),p.stat()) if p.exists() else (None,None)
    with contextlib.redirect_stdout(io.StringIO()): # it ends with the advice to delete settings.ini, which is our source
        nbdev_migrate_config.__wrapped__()
    cp = ConfigParser(delimiters='=')
    cp.read('settings.ini')
    own = lambda section: {k:v for k,v in cp[section].items() if k not in cp.defaults()}
    extras = ''.join(f'{k} = {v.split()}\n' for k,v in own('extras').items())
    settings = ''.join(f'{k} = {v}\n' for k,v in own('nbdev').items())
    s = p.read_text()
    assert s.count('[project.optional-dependencies]\n') == 1, "the migration no longer writes the extras that we extend"
    s = s.replace('[project.optional-dependencies]\n', '[project.optional-dependencies]\n' + extras)
    new = '# Made from settings.ini by tools/sync_config.py: edit that file, then `make config`\n' + s.rstrip() + '\n' + settings
    p.write_text(new)
    citation = Path('CITATION.cff')
    citation.write_text(re.sub(r'^version: .*$', f"version: {cp['DEFAULT']['version']}", citation.read_text(), flags=re.M))
    if new == old: os.utime(p, ns=(stat.st_atime_ns, stat.st_mtime_ns)) # make installs anew when this file is newer

if __name__ == '__main__': main()
