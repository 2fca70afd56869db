"""The options of curl, one line each: what it does here, whether it takes a value, and what becomes of it.

"honoured": it does what it does in curl. "silent": it is accepted and nothing is lost. "noted": it is accepted, has no
effect, and a note says so. "refused": the request would be another one without it, so the reason is an error.
docs/reference/curl.md is this table.
"""

from __future__ import annotations

import difflib
from typing import Final, Literal, NamedTuple

from httpkit_magics.grammar.place import PlaceError
from httpkit_magics.grammar.words import Word

Kind = Literal["honoured", "silent", "noted", "refused"]


class Option(NamedTuple):
    """An option of curl.

    Attributes:
        name: its long name, without dashes.
        short: its letter, or empty.
        value: the name of its value; None is a flag.
        kind: what becomes of it.
        does: what it does, or why it does not.
    """

    name: str
    short: str
    value: str | None
    kind: Kind
    does: str

    @property
    def written(self) -> str:
        """The option as it is written, both names."""
        return f"-{self.short}, --{self.name}" if self.short else f"--{self.name}"


_PANEL: Final = "the panel shows it"
_TLS: Final = "the client's TLS settings are used"
_FTP: Final = "it is not for HTTP, and %curl speaks http and https only"
_PROTOCOL: Final = "%curl speaks http and https only"
_SCHEME: Final = "the client knows basic, digest and bearer"
_RESOLVE: Final = "the system's resolver is asked; put the address into the URL, and the host into -H 'Host: ...'"
_TUNING: Final = "sockets are set up by the client"

# name | letter | value | kind | what it does
_TABLE: Final = f"""
abstract-unix-socket | | PATH | refused | requests go over TCP
alt-svc | | FILE | noted | alternative services are not used
anyauth | | | refused | say --basic or --digest
append | a | | refused | {_FTP}
aws-sigv4 | | PROVIDER | refused | AWS signatures can't be made yet
basic | | | honoured | with -u: Basic authentication (the default)
ca-native | | | silent | the system's certificates are trusted anyway
cacert | | FILE | honoured | trust the certificates of this PEM file
capath | | FOLDER | refused | expected --cacert FILE
cert | E | FILE[:PASSWORD] | honoured | the client's certificate (PEM)
cert-status | | | refused | OCSP stapling is not checked
cert-type | | TYPE | honoured | PEM, the only type that is read
ciphers | | LIST | noted | {_TLS}
compressed | | | honoured | ask for a compressed body, and decompress it
compressed-ssh | | | refused | {_PROTOCOL}
config | K | FILE | refused | options of a file are not read; paste what is in it
connect-timeout | | SECONDS | honoured | limit for making the connection
connect-to | | HOST1:PORT1:HOST2:PORT2 | refused | {_RESOLVE}
continue-at | C | OFFSET | honoured | load from this byte on; - is after what the file of -o has
cookie | b | DATA | honoured | send these cookies (name=value; ...); -b '' keeps those that are set, as -c does
cookie-jar | c | FILE | honoured | keep cookies and send them again; in memory, the file is not written
create-dirs | | | silent | folders of -o are not made
create-file-mode | | MODE | noted | files are made with the system's mode
crlf | | | refused | {_FTP}
crlfile | | FILE | refused | revocation lists are not read
curves | | LIST | noted | {_TLS}
data | d | DATA | honoured | the body, joined by &; @FILE is a file without its line breaks
data-ascii | | DATA | honoured | the same as --data
data-binary | | DATA | honoured | the body as it is; @FILE is a file as it is
data-raw | | DATA | honoured | the body as it is, @ too
data-urlencode | | DATA | honoured | the body, percent-encoded: content, =content, name=content, @FILE, name@FILE
delegation | | LEVEL | refused | {_SCHEME}
digest | | | honoured | with -u: Digest authentication
disable | q | | silent | no .curlrc is read anyway
disable-eprt | | | refused | {_FTP}
disable-epsv | | | refused | {_FTP}
disallow-username-in-url | | | refused | a user name in a URL is always taken
dns-interface | | NAME | refused | {_RESOLVE}
dns-ipv4-addr | | ADDRESS | refused | {_RESOLVE}
dns-ipv6-addr | | ADDRESS | refused | {_RESOLVE}
dns-servers | | ADDRESSES | refused | {_RESOLVE}
doh-cert-status | | | refused | {_RESOLVE}
doh-insecure | | | refused | {_RESOLVE}
doh-url | | URL | refused | {_RESOLVE}
dump-header | D | FILE | noted | {_PANEL}; r.headers has them
ech | | CONFIG | noted | {_TLS}
egd-file | | FILE | silent | curl itself ignores it
engine | | NAME | refused | {_TLS}
etag-compare | | FILE | refused | expected -H 'If-None-Match: ...'
etag-save | | FILE | noted | r.headers["ETag"] has it
expect100-timeout | | SECONDS | silent | the body is sent at once
fail | f | | honoured | a status of 400 and more is an error
fail-early | | | silent | a failed request ends the cell anyway
fail-with-body | | | honoured | a status of 400 and more is an error
false-start | | | silent | {_TLS}
form | F | NAME=CONTENT | honoured | a part: text, @FILE or <FILE, then ;type= ;filename= ;headers=
form-escape | | | refused | names of parts are percent-encoded
form-string | | NAME=TEXT | honoured | a part that is this text, whatever it begins with
ftp-account | | DATA | refused | {_FTP}
ftp-alternative-to-user | | COMMAND | refused | {_FTP}
ftp-create-dirs | | | refused | {_FTP}
ftp-method | | METHOD | refused | {_FTP}
ftp-pasv | | | refused | {_FTP}
ftp-port | P | ADDRESS | refused | {_FTP}
ftp-pret | | | refused | {_FTP}
ftp-skip-pasv-ip | | | refused | {_FTP}
ftp-ssl-ccc | | | refused | {_FTP}
ftp-ssl-ccc-mode | | MODE | refused | {_FTP}
ftp-ssl-control | | | refused | {_FTP}
get | G | | honoured | put the data into the query of the URL
globoff | g | | honoured | take brackets and braces of the URL as they are
happy-eyeballs-timeout-ms | | MILLISECONDS | silent | {_TUNING}
haproxy-clientip | | ADDRESS | refused | the PROXY protocol is not spoken
haproxy-protocol | | | refused | the PROXY protocol is not spoken
head | I | | honoured | HEAD: the headers only
header | H | LINE | honoured | a header; 'Name:' does not send it, 'Name;' sends it empty
help | h | CATEGORY | refused | %%curl? shows how it is used
hostpubmd5 | | MD5 | refused | {_PROTOCOL}
hostpubsha256 | | SHA256 | refused | {_PROTOCOL}
hsts | | FILE | noted | HSTS is not kept; write https://
http0.9 | | | refused | HTTP/0.9 is not spoken
http1.0 | 0 | | noted | HTTP/1.1 is used
http1.1 | | | honoured | use HTTP/1.1, which is what the client speaks
http2 | | | noted | HTTP/1.1 is used
http2-prior-knowledge | | | noted | HTTP/1.1 is used
http3 | | | noted | HTTP/1.1 is used
http3-only | | | noted | HTTP/1.1 is used
ignore-content-length | | | refused | Content-Length is always believed
include | i | | silent | {_PANEL}
insecure | k | | honoured | don't verify the certificate
interface | | NAME | refused | the system chooses where a connection starts
ip-tos | | NUMBER | silent | {_TUNING}
ipv4 | 4 | | noted | addresses of both families are tried
ipv6 | 6 | | noted | addresses of both families are tried
json | | DATA | honoured | the body, with Content-Type and Accept: application/json; @FILE is a file
junk-session-cookies | j | | silent | no cookies are read from files
keepalive-cnt | | NUMBER | silent | {_TUNING}
keepalive-time | | SECONDS | silent | {_TUNING}
key | | FILE | honoured | the private key of --cert, where it is in a file of its own
key-type | | TYPE | honoured | PEM, the only type that is read
krb | | LEVEL | refused | {_SCHEME}
libcurl | | FILE | noted | r.python() gives code
limit-rate | | SPEED | noted | the speed is not limited
list-only | l | | refused | {_FTP}
local-port | | RANGE | refused | the system chooses where a connection starts
location | L | | honoured | follow redirects
location-trusted | | | refused | credentials are not sent to other hosts; expected -L
login-options | | OPTIONS | refused | {_PROTOCOL}
mail-auth | | ADDRESS | refused | {_PROTOCOL}
mail-from | | ADDRESS | refused | {_PROTOCOL}
mail-rcpt | | ADDRESS | refused | {_PROTOCOL}
mail-rcpt-allowfails | | | refused | {_PROTOCOL}
manual | M | | refused | %%curl? shows how it is used
max-filesize | | BYTES | noted | HttpKit.max_body limits a body
max-redirs | | NUMBER | honoured | redirects that are followed at most; -1 is no limit
max-time | m | SECONDS | honoured | limit for the whole request
metalink | | | silent | curl itself ignores it
mptcp | | | silent | {_TUNING}
negotiate | | | refused | {_SCHEME}
netrc | n | | refused | .netrc is not read; expected -u USER:PASSWORD
netrc-file | | FILE | refused | .netrc is not read; expected -u USER:PASSWORD
netrc-optional | | | refused | .netrc is not read; expected -u USER:PASSWORD
next | : | | honoured | begin another request
no-alpn | | | silent | {_TLS}
no-buffer | N | | honoured | show the body while it arrives
no-clobber | | | noted | -o FILE replaces a file
no-keepalive | | | silent | {_TUNING}
no-npn | | | silent | {_TLS}
no-progress-meter | | | silent | {_PANEL}
no-sessionid | | | silent | {_TLS}
noproxy | | HOSTS | honoured | hosts that are reached without -x; * is all
ntlm | | | refused | {_SCHEME}
ntlm-wb | | | refused | {_SCHEME}
oauth2-bearer | | TOKEN | honoured | Authorization: Bearer TOKEN
output | o | FILE | honoured | save the body to this file
output-dir | | FOLDER | honoured | the folder of -o and -O
parallel | Z | | noted | requests go one after the other
parallel-immediate | | | silent | requests go one after the other
parallel-max | | NUMBER | silent | requests go one after the other
pass | | TEXT | honoured | the passphrase of the key
path-as-is | | | honoured | keep /./ and /../ of the URL
pinnedpubkey | | HASHES | refused | public keys are not pinned
post301 | | | refused | a redirected POST becomes GET, as browsers do it
post302 | | | refused | a redirected POST becomes GET, as browsers do it
post303 | | | refused | a redirected POST becomes GET, as browsers do it
preproxy | | URL | refused | one proxy at a time
progress-bar | # | | silent | {_PANEL}
proto | | LIST | silent | {_PROTOCOL}
proto-default | | SCHEME | refused | write http:// or https:// before the host
proto-redir | | LIST | silent | {_PROTOCOL}
proxy | x | URL | honoured | the proxy; port 1080 unless it says another
proxy-anyauth | | | refused | say --proxy-basic
proxy-basic | | | honoured | Basic authentication with the proxy (the default)
proxy-ca-native | | | silent | the system's certificates are trusted anyway
proxy-cacert | | FILE | refused | expected --cacert FILE
proxy-capath | | FOLDER | refused | expected --cacert FILE
proxy-cert | | FILE | refused | the client shows no certificate to a proxy
proxy-cert-type | | TYPE | refused | the client shows no certificate to a proxy
proxy-ciphers | | LIST | noted | {_TLS}
proxy-crlfile | | FILE | refused | revocation lists are not read
proxy-digest | | | refused | a proxy gets Basic authentication
proxy-header | | LINE | refused | a proxy gets no header of its own
proxy-http2 | | | noted | HTTP/1.1 is used
proxy-insecure | | | refused | a proxy's certificate is verified as the server's; expected -k
proxy-key | | FILE | refused | the client shows no certificate to a proxy
proxy-key-type | | TYPE | refused | the client shows no certificate to a proxy
proxy-negotiate | | | refused | a proxy gets Basic authentication
proxy-ntlm | | | refused | a proxy gets Basic authentication
proxy-pass | | TEXT | refused | the client shows no certificate to a proxy
proxy-pinnedpubkey | | HASHES | refused | public keys are not pinned
proxy-service-name | | NAME | refused | a proxy gets Basic authentication
proxy-ssl-allow-beast | | | silent | {_TLS}
proxy-ssl-auto-client-cert | | | silent | {_TLS}
proxy-tls13-ciphers | | LIST | noted | {_TLS}
proxy-tlsauthtype | | TYPE | refused | TLS-SRP is not spoken
proxy-tlspassword | | TEXT | refused | TLS-SRP is not spoken
proxy-tlsuser | | NAME | refused | TLS-SRP is not spoken
proxy-tlsv1 | | | honoured | TLS 1.0 or later with the proxy: 1.2 is the least here
proxy-user | U | USER:PASSWORD | honoured | user and password for the proxy
proxy1.0 | | HOST | refused | expected -x HOST
proxytunnel | p | | noted | https goes through a tunnel, http does not
pubkey | | FILE | refused | {_PROTOCOL}
quote | Q | COMMAND | refused | {_FTP}
random-file | | FILE | silent | curl itself ignores it
range | r | RANGE | honoured | these bytes only: Range: bytes=RANGE
rate | | RATE | noted | requests go one after the other
raw | | | refused | a body is always decoded
referer | e | URL | honoured | Referer
remote-header-name | J | | honoured | with -O: the name that the response says
remote-name | O | | honoured | save the body to a file, named as the URL's path ends
remote-name-all | | | honoured | -O for every URL
remote-time | R | | noted | a file keeps the time when it was saved
remove-on-error | | | silent | what was loaded is kept
request | X | METHOD | honoured | the method
request-target | | PATH | refused | the target is that of the URL
resolve | | HOST:PORT:ADDRESS | refused | {_RESOLVE}
retry | | NUMBER | honoured | try again where no answer came, or a 408, 425, 429 or 5xx that may pass
retry-all-errors | | | silent | --retry says what is tried again
retry-connrefused | | | silent | a refused connection is tried again anyway
retry-delay | | SECONDS | noted | waits grow from 0.5 s, or are those of Retry-After
retry-max-time | | SECONDS | noted | -m limits each attempt
sasl-authzid | | NAME | refused | {_PROTOCOL}
sasl-ir | | | refused | {_PROTOCOL}
service-name | | NAME | refused | {_SCHEME}
show-error | S | | silent | {_PANEL}
sigalgs | | LIST | noted | {_TLS}
silent | s | | silent | {_PANEL}
skip-existing | | | noted | -o FILE replaces a file
socks4 | | HOST[:PORT] | honoured | a SOCKS4 proxy
socks4a | | HOST[:PORT] | honoured | a SOCKS4a proxy
socks5 | | HOST[:PORT] | honoured | a SOCKS5 proxy
socks5-basic | | | silent | user and password are sent where the proxy asks for them
socks5-gssapi | | | refused | a proxy gets user and password
socks5-gssapi-nec | | | refused | a proxy gets user and password
socks5-gssapi-service | | NAME | refused | a proxy gets user and password
socks5-hostname | | HOST[:PORT] | honoured | a SOCKS5 proxy that resolves names
speed-limit | Y | SPEED | noted | -m limits the whole request
speed-time | y | SECONDS | silent | -m limits the whole request
ssl | | | refused | {_FTP}
ssl-allow-beast | | | silent | {_TLS}
ssl-auto-client-cert | | | silent | {_TLS}
ssl-no-revoke | | | silent | {_TLS}
ssl-reqd | | | refused | {_FTP}
ssl-revoke-best-effort | | | silent | {_TLS}
sslv2 | 2 | | refused | SSL 2 is broken (RFC 6176)
sslv3 | 3 | | refused | SSL 3 is broken (RFC 7568)
stderr | | FILE | silent | {_PANEL}
styled-output | | | silent | {_PANEL}
suppress-connect-headers | | | silent | {_PANEL}
tcp-fastopen | | | silent | {_TUNING}
tcp-nodelay | | | silent | {_TUNING}
telnet-option | t | OPTION | refused | {_PROTOCOL}
tftp-blksize | | NUMBER | refused | {_PROTOCOL}
tftp-no-options | | | refused | {_PROTOCOL}
time-cond | z | TIME | refused | expected -H 'If-Modified-Since: ...'
tls-max | | VERSION | noted | {_TLS}
tls13-ciphers | | LIST | noted | {_TLS}
tlsauthtype | | TYPE | refused | TLS-SRP is not spoken
tlspassword | | TEXT | refused | TLS-SRP is not spoken
tlsuser | | NAME | refused | TLS-SRP is not spoken
tlsv1 | 1 | | honoured | TLS 1.0 or later: 1.2 is the least here
tlsv1.0 | | | honoured | TLS 1.0 or later: 1.2 is the least here
tlsv1.1 | | | honoured | TLS 1.1 or later: 1.2 is the least here
tlsv1.2 | | | honoured | TLS 1.2 or later, which is the least here
tlsv1.3 | | | noted | TLS 1.2 and later are used
tr-encoding | | | refused | a compressed Transfer-Encoding is not asked for
trace | | FILE | silent | {_PANEL}
trace-ascii | | FILE | silent | {_PANEL}
trace-config | | LIST | silent | {_PANEL}
trace-time | | | silent | {_PANEL}
unix-socket | | PATH | refused | requests go over TCP
upload-file | T | FILE | honoured | PUT this file
url | | URL | honoured | the URL
url-query | | DATA | honoured | add to the query: as --data-urlencode, or +raw
use-ascii | B | | refused | {_FTP}
user | u | USER:PASSWORD | honoured | who asks
user-agent | A | TEXT | honoured | User-Agent
variable | | NAME=CONTENT | refused | variables are Python's here
verbose | v | | silent | {_PANEL}
version | V | | refused | httpkit.__version__ says it
vlan-priority | | NUMBER | silent | {_TUNING}
write-out | w | FORMAT | noted | {_PANEL}; r.timing, r.status and r.headers have it
xattr | | | noted | a file keeps no attributes
"""


def _read(line: str) -> Option:
    name, short, value, kind, does = (cell.strip() for cell in line.split("|", 4))
    kinds: dict[str, Kind] = {"honoured": "honoured", "silent": "silent", "noted": "noted", "refused": "refused"}
    return Option(name, short, value or None, kinds[kind], does)


OPTIONS: Final = tuple(map(_read, _TABLE.strip().split("\n")))
"""All options, in the order of their names."""

_BY_NAME: Final = {option.name: option for option in OPTIONS}
_BY_LETTER: Final = {option.short: option for option in OPTIONS if option.short}


def long_option(word: Word) -> tuple[Option, bool]:
    """Return the option that `word` names, and whether it is switched on: `--no-location` switches off.

    As in curl, the beginning of a name will do where only one name begins so.

    Raises:
        PlaceError: no option is named so.
    """
    name = word.text[2:]
    if found := _BY_NAME.get(name):
        return found, True
    if name.startswith("no-") and (found := _BY_NAME.get(name[3:])) and found.value is None:
        return found, False
    begun = [option for known, option in _BY_NAME.items() if known.startswith(name)]
    if len(begun) == 1:
        return begun[0], True
    if begun:
        some = " or ".join(f"--{option.name}" for option in begun[:3])
        raise PlaceError(f"{word.text} is the beginning of {len(begun)} options; expected {some}", word.start, word.end)
    near = difflib.get_close_matches(name.partition("=")[0], _BY_NAME, n=1, cutoff=0.6)
    hint = f"did you mean --{near[0]}?" if near else "expected an option of curl"
    if near and "=" in name:
        hint = f"expected a blank and not = before its value: --{near[0]} VALUE"
    raise PlaceError(f"unknown option {word.text.partition('=')[0]}; {hint}", word.start, word.end)


def short_option(letter: str, word: Word) -> Option:
    """Return the option of a letter of `word`.

    Raises:
        PlaceError: no option has this letter.
    """
    if found := _BY_LETTER.get(letter):
        return found
    other = _BY_LETTER.get(letter.swapcase())
    hint = f"did you mean {other.written}?" if other else "expected an option of curl"
    if len(word.text) > 3 and (near := difflib.get_close_matches(word.text[1:], _BY_NAME, n=1, cutoff=0.8)):
        hint = f"did you mean --{near[0]}?"
    raise PlaceError(f"unknown option -{letter}; {hint}", word.start, word.end)
