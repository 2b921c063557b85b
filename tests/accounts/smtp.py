"""A mail server of our own, which takes mail or refuses it as it is told."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import Message


class MailServer(socketserver.ThreadingTCPServer):
    """greeting, recipient, end: what it answers at the start, to the recipient and to the whole mail."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        self.mails: list[Message] = []
        self.greeting = "220 mail.example.com"
        self.recipient = self.end = "250 OK"

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class _Session(socketserver.StreamRequestHandler):
    server: MailServer

    def handle(self) -> None:
        self._say(self.server.greeting)
        while line := self.rfile.readline().strip().upper():
            if line == b"QUIT":
                self._say("221 Bye")
                return
            if line == b"DATA":
                self._take()
            else:
                self._say(self.server.recipient if line.startswith(b"RCPT") else "250 OK")

    def _take(self) -> None:
        self._say("354 Go on")
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line)
        if self.server.end.startswith("250"):
            self.server.mails.append(message_from_bytes(b"".join(lines)))
        self._say(self.server.end)

    def _say(self, answer: str) -> None:
        self.wfile.write(f"{answer}\r\n".encode())


@contextmanager
def mail_server() -> Iterator[MailServer]:
    with MailServer() as server:
        threading.Thread(target=server.serve_forever, args=(0.05,)).start()
        try:
            yield server
        finally:
            server.shutdown()
