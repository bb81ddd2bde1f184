"""alluxio-mesos-fetcher-ftp: an example of a fetcher plugin in Python. It brings files from FTP servers.

Sources are ftp://[USER@]HOST[:PORT]/PATH. A password stands in no source: password.file names a file of the agent
that holds it. Without a user the login is anonymous. tls=true asks for FTP over TLS.
"""

import ftplib
import os
import posixpath
import ssl
import urllib.parse

import serving
from serving import Permanent, Progress, Result

VERSION = "0.1.0"
CHUNK = 256 << 10
TIMEOUT = 20  # seconds without a byte


class Fetcher:
    info = serving.Info(name="ftp", version=VERSION, schemes=["ftp"], resumes=True)

    def __init__(self):
        self.tls = False
        self.password_file = ""

    def init(self, config):
        """Takes the properties below alluxio.integration.mesos.fetcher.ftp."""
        for key, value in config.items():
            if key == "tls" and value in ("true", "false"):
                self.tls = value == "true"
            elif key == "password.file" and os.path.isabs(value):
                self.password_file = value
            else:
                raise Permanent(f"cannot configure fetcher ftp: {key}={value!r}; it has tls (true, false) and password.file (/PATH)")

    def fetch(self, request):
        url = parse(request.source)
        path = urllib.parse.unquote(url.path)
        with self.connect(url) as ftp:
            total, validator = look(ftp, path)
            resumes = request.validator == validator and request.offset <= total
            at = Progress(request.offset if resumes else 0, total, validator)
            yield at
            if at.bytes < total:
                yield from download(ftp, path, request.file, at)
            if at.bytes != total:
                raise ConnectionError(f"the transfer ended after {at.bytes} of {total} bytes")
            yield Result(at.bytes, validator, posixpath.basename(path))

    def connect(self, url):
        """Logs in. What a server refuses for good it answers with 5xx (RFC 959, 4.2)."""
        ftp = ftplib.FTP_TLS(context=ssl.create_default_context()) if self.tls else ftplib.FTP()
        try:
            ftp.connect(url.hostname, url.port or ftplib.FTP_PORT, timeout=TIMEOUT)
            if url.username:
                ftp.login(urllib.parse.unquote(url.username), self.password())
            else:
                ftp.login()
            if self.tls:
                ftp.prot_p()
            ftp.voidcmd("TYPE I")
        except ftplib.error_perm as error:
            ftp.close()
            raise Permanent(f"cannot log in at {url.hostname}: {error}") from error
        except Exception:
            ftp.close()
            raise
        return ftp

    def password(self):
        if not self.password_file:
            raise Permanent("the source names a user; set alluxio.integration.mesos.fetcher.ftp.password.file to a file of the agent")
        try:
            with open(self.password_file, encoding="utf-8") as file:
                return file.read().strip()
        except OSError as error:
            raise Permanent(f"cannot read the password: {error}") from error


def parse(source):
    """Reads a source; nothing of a password may come to be in an error."""
    try:
        url = urllib.parse.urlsplit(source)
        well = url.scheme == "ftp" and url.hostname and url.path.strip("/") and url.port != 0
        urllib.parse.unquote(url.path, errors="strict")
    except ValueError:
        well = False
    if not well or any(c in source for c in "\0\r\n ") or "%zz" in source.lower():
        raise Permanent("it is no source of this fetcher: write ftp://[USER@]HOST[:PORT]/PATH")
    if url.password:
        raise Permanent("a password in a source is seen by too many: leave it out, and set password.file")
    if any(c in urllib.parse.unquote(url.path) for c in "\0\r\n"):
        raise Permanent("its path holds a line break")
    return url


def look(ftp, path):
    """The size of a file, and what tells it from a later one: FTP has no better word than its time (RFC 3659)."""
    try:
        return ftp.size(path), f"{ftp.size(path)}-{ftp.voidcmd('MDTM ' + path).partition(' ')[2]}"
    except ftplib.error_perm as error:
        raise Permanent(f"cannot find {path}: {error}") from error


def download(ftp, path, target, at):
    """Moves the bytes from at.bytes on, and counts them in there."""
    with open(target, "r+b") as file, ftp.transfercmd("RETR " + path, rest=at.bytes or None) as connection:
        file.seek(at.bytes)
        while chunk := connection.recv(CHUNK):
            file.write(chunk)
            file.flush()  # what is told has to be there
            at.bytes += len(chunk)
            yield at


def main():
    serving.serve(Fetcher())


if __name__ == "__main__":
    main()
