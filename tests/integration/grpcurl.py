"""grpcurl as a function: requests and responses are JSON, errors are exceptions."""

import json
import subprocess

SERVICE = "envknit.v1.IsolationService"
ADMIN = "envknit.v1.AdminService"


class RpcError(Exception):
    """A status that isn't OK, as grpcurl prints it."""

    def __init__(self, status):
        super().__init__(f"{status.get('code')}: {status.get('message')}")
        self.code = status.get("code")
        self.message = status.get("message", "")
        self.details = status.get("details", [])

    @property
    def info(self):
        """The one ErrorInfo."""
        infos = [d for d in self.details if d["@type"].endswith("/google.rpc.ErrorInfo")]
        assert len(infos) == 1, self.details
        assert infos[0]["domain"] == "envknit"
        return infos[0]

    @property
    def reason(self):
        return self.info["reason"]


class Grpcurl:
    def __init__(self, binary):
        self.binary = binary

    def run(self, *arguments, text=None):
        """grpcurl with these words and this stdin; the completed process."""
        command = [self.binary, "-plaintext", *arguments]
        return subprocess.run(
            command, input=text, capture_output=True, text=True, timeout=100, check=False
        )

    def text(self, address, *words):
        """What `list` or `describe` prints."""
        done = self.run(address, *words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def stream(self, address, method, request):
        """The responses of a server stream; RpcError for a status that isn't OK."""
        flags = ["-format-error", "-d", "@"]
        done = self.run(*flags, address, method, text=json.dumps(request))
        if done.returncode != 0:
            raise RpcError(json.loads(done.stderr))
        decoder, text, responses = json.JSONDecoder(), done.stdout.strip(), []
        while text:
            response, end = decoder.raw_decode(text)
            responses.append(response)
            text = text[end:].lstrip()
        return responses

    def call(self, address, method, request=None, max_time=None):
        """One RPC's response; RpcError for a status that isn't OK."""
        flags = ["-format-error", "-d", "@"]
        if max_time is not None:
            flags += ["-max-time", str(max_time)]
        done = self.run(*flags, address, method, text=json.dumps(request or {}))
        if done.returncode != 0:
            try:
                raise RpcError(json.loads(done.stderr))
            except json.JSONDecodeError:
                raise AssertionError(done.stderr) from None
        return json.loads(done.stdout)

    def call_python(self, address, module, path, *json_args, **fields):
        """Call, with plain values in and out; fields may be anything of the request."""
        max_time = fields.pop("max_time", None)
        request = {
            "environment": {"package": {"name": "numpy", "version": "1.26.4"}},
            "target": {"module": module, "path": path},
            "json_args": list(json_args),
            "want": "WANT_JSON",
            **fields,
        }
        if "session" in fields:
            del request["environment"]
        return self.call(address, f"{SERVICE}/Call", request, max_time)
