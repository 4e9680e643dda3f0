"""Check the links and anchors inside a built site.

The site is served on this machine's loopback address, and LinkChecker walks through it.
"""
import functools
import subprocess
import sys
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Quiet(SimpleHTTPRequestHandler):
    "A file server that logs nothing"
    def log_message(self, *args): pass

class Server(ThreadingHTTPServer):
    "A server that is silent when LinkChecker has seen enough of a page and hangs up"
    def handle_error(self, *args): pass

def main(folder):
    server = Server(('127.0.0.1', 0), functools.partial(Quiet, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    program = Path(sys.executable).parent/'linkchecker'
    settings = Path(__file__).with_name('linkcheckerrc')
    start = f'http://127.0.0.1:{server.server_port}/index.html'
    done = subprocess.run([program, '--no-status', '--config', settings, start], capture_output=True, text=True)
    server.shutdown()
    if done.returncode: sys.exit(f'{done.stdout}\n{done.stderr}\ncheck_links: broken links')
    print(next(line for line in done.stdout.splitlines() if 'checked' in line))

if __name__ == '__main__': main(*sys.argv[1:])
