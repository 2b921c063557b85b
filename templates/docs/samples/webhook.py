import base64
import hmac
import json
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

SECRET = "whsec_…"


def is_genuine(headers, body):
    """Signed with our secret, and sent within the last five minutes."""
    message = headers.get("webhook-id", "")
    sent = headers.get("webhook-timestamp", "")
    if not sent.isdigit() or abs(time.time() - int(sent)) > 300:
        return False
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    digest = hmac.digest(key, f"{message}.{sent}.".encode() + body, "sha256")
    expected = b"v1," + base64.b64encode(digest)
    signatures = headers.get("webhook-signature", "").encode().split()
    return any(hmac.compare_digest(expected, each) for each in signatures)


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if is_genuine(self.headers, body):
            event = json.loads(body)
            print(event["type"], event["data"].get("smsBody"), flush=True)
            self.send_response(204)
        else:
            self.send_response(400)
        self.end_headers()


HTTPServer(("127.0.0.1", 8080), Receiver).serve_forever()
