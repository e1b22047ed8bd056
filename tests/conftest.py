"""A real server in this process that speaks chat completions and misbehaves on demand."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest


def chat(text, **more):
    """The document of an answer."""
    choice = {"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    return {"choices": [choice | more], "usage": {"prompt_tokens": 10, "completion_tokens": 5}}


class Fake:
    """What the server does. answer(body, number) → (status, headers, content or document); asked: bodies so far."""

    def __init__(self):
        self.asked, self.headers, self.models = [], [], ["tiny"]
        self.answer = lambda body, number: (200, {}, chat(f"answer {body['seed'] % 1000}"))
        self.lock, self.at_once, self.most_at_once = threading.Lock(), 0, 0

    @property
    def address(self):
        return f"http://127.0.0.1:{self.port}/v1"


@contextmanager
def running():
    fake = Fake()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_GET(self):
            self.send(200, {}, {"data": [{"id": name} for name in fake.models]})

        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            with fake.lock:
                fake.asked.append(body)
                fake.headers.append(dict(self.headers))
                number = len(fake.asked)
                fake.at_once += 1
                fake.most_at_once = max(fake.most_at_once, fake.at_once)
            try:
                self.send(*fake.answer(body, number))
            finally:
                with fake.lock:
                    fake.at_once -= 1

        def send(self, status, headers, content):
            sent = content if isinstance(content, bytes) else json.dumps(content).encode()
            try:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(sent)))
                self.end_headers()
                self.wfile.write(sent)
            except (BrokenPipeError, ConnectionResetError):
                pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    fake.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def server():
    with running() as fake:
        yield fake
