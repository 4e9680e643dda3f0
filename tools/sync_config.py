"""Make pyproject.toml from settings.ini, and write the version to CITATION.cff.

nbdev's own migration does most of it; what it leaves out, extras and the keys of [nbdev], is added here.
"""
import contextlib
import io
import os
import re
from configparser import ConfigParser
from pathlib import Path

from nbdev.migrate import nbdev_migrate_config

NOTE = '# Made from settings.ini by tools/sync_config.py: edit that file, then `make config`\n'
EXTRAS = '[project.optional-dependencies]\n'


def migrated(path):
    "Text of the pyproject.toml that nbdev's migration writes"
    with contextlib.redirect_stdout(io.StringIO()): # it advises to delete settings.ini, which is our source
        nbdev_migrate_config.__wrapped__()
    text = path.read_text()
    assert text.count(EXTRAS) == 1, "the migration no longer writes the extras that this script extends"
    return text

def main():
    path,citation = Path('pyproject.toml'),Path('CITATION.cff')
    old,stat = (path.read_text(),path.stat()) if path.exists() else (None,None)
    settings = ConfigParser(delimiters='=')
    settings.read('settings.ini')
    def own(section): return {k: v for k,v in settings[section].items() if k not in settings.defaults()}
    extras = ''.join(f'{k} = {v.split()}\n' for k,v in own('extras').items())
    nbdev_keys = ''.join(f'{k} = {v}\n' for k,v in own('nbdev').items())
    new = NOTE + migrated(path).replace(EXTRAS, EXTRAS + extras).rstrip() + '\n' + nbdev_keys
    path.write_text(new)
    if new == old: os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns)) # make installs anew when this file is newer
    version = f"version: {settings['DEFAULT']['version']}"
    citation.write_text(re.sub(r'^version: .*$', version, citation.read_text(), flags=re.M))

if __name__ == '__main__': main()
