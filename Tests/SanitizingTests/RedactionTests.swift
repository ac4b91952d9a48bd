import Sanitizing
import Testing

@Suite("What of an address may be shown")
struct RedactionTests {
    @Test(
        "it is shown without what may be a secret, and otherwise as it is; and kept without a trace of it",
        arguments: [
            ("https://host/a@v/b", "https://host/a@v/b", "https://host/a@v/b"),
            ("https://host/a?version=1#part", "https://host/a?***#***", "https://host/a"),
            ("https://host?token", "https://host?***", "https://host"), ("https://host/a?#", "https://host/a?#", "https://host/a"),
            ("https://u@host:8/a", "https://***@host:8/a", "https://host:8/a"),
            ("https://u:p@q@host/a", "https://***@host/a", "https://host/a"), ("https://u:p@host", "https://***@host", "https://host"),
            ("https://u:p/q@host/a", "https://***", "https://***"), ("https://u:p#q@host/a", "https://***", "https://***"),
            ("https://[::1]:80/a@b", "https://[::1]:80/a@b", "https://[::1]:80/a@b"),
            ("https://host/a;t=x/b;y?z", "https://host/a/b;***?***", "https://host/a/b"),
            ("host/path?token=a", "host/path?***", "host/path"), ("http:/u:p@host/a", "http:/***@host/a", "http:/host/a"),
            ("http:///u:p@host/a", "http:///***@host/a", "http:///host/a"),
            ("git@host:a/b.git", "git@host:a/b.git", "git@host:a/b.git"), ("u@host:a/b", "***@host:a/b", "host:a/b"),
            ("u:p@host:a/b", "***@host:a/b", "host:a/b"), ("host:a/b", "host:a/b", "host:a/b"),
            ("ssh://git@host/a", "ssh://git@host/a", "ssh://git@host/a"), ("ssh://u:p@host/a", "ssh://***@host/a", "ssh://host/a"),
            ("ssh://git:p@host/a", "ssh://***@host/a", "ssh://host/a"), ("https://git@host/a", "https://***@host/a", "https://host/a"),
            ("/home/a@b:c?d#e;f", "/home/a@b:c?d#e;f", "/home/a@b:c?d#e;f"), ("./a:b@c?d", "./a:b@c?d", "./a:b@c?d"),
            ("http://a b/c", "http://***", "http://***"), ("http://u:p@a b/c", "http://***", "http://***"),
            ("file:///a/b", "file:///a/b", "file:///a/b"), ("", "", ""), ("://", "://", "://"),
            ("https://u:p@\u{301}host/a", "https://***@\u{301}host/a", "https://\u{301}host/a"),
        ])
    func address(_ address: String, _ shown: String, _ kept: String) {
        #expect(Redaction.address(address) == shown)
        #expect(Redaction.bare(address) == kept)
    }

    @Test(
        "in a text each address is shown so, and the text around it stays",
        arguments: [
            ("cannot get 'https://u:p@h/a?b=c': no (see http://x/#y).", "cannot get 'https://***@h/a?***': no (see http://x/#***)."),
            ("x=https://u:p@h,https://h?q y", "x=https://***@h,https://h?*** y"),
            ("no address: a/b, 12:30 and c@d", "no address: a/b, 12:30 and c@d"),
            ("\"https://u:p\"w@h\"", "\"https://***\"w@h\""), ("1https://u:p@h", "1https://***@h"),
            ("image:1@sha256:ab/c", "image:1@sha256:ab/c"),
            ("HTTPS://u:p@h\nhttps://v:q@h", "HTTPS://***@h\nhttps://***@h"), ("-X k8s.io/v.gitVersion=v1", "-X k8s.io/v.gitVersion=v1"),
        ])
    func text(_ text: String, _ shown: String) { #expect(Redaction.text(text) == shown) }

    @Test(
        "the name of a file is the last part of the path, and nothing else of an address",
        arguments: [
            ("https://h/a/b.tar.gz?token=x", "b.tar.gz"), ("https://u:p@h", nil), ("https://u:p@h/", nil), ("https://u:p@h?x/y", nil),
            ("https://h/a.tar;x=y/?z", "a.tar"), ("https://u:p/q@h/a", nil), ("https://h#a/b", nil), ("file:///x/y.zip", "y.zip"),
        ] as [(String, String?)])
    func fileName(_ address: String, _ name: String?) { #expect(Redaction.fileName(of: address) == name) }

    @Test("parts of an address are taken out of a text of somebody else's, as they stand there or as they are meant")
    func secrets() {
        var secrets = Secrets()
        secrets.note(address: "https://user:pa%20ss@h/a;par=amet?sig=abcd1234&page=1#frag")
        secrets.note(address: "http://who:wo/rd@h/")
        secrets.note(environment: ["https_proxy": "http://proxy:pword@x", "GOPROXY": "https://go:gword@x,direct", "HOME": "/home/user-x"])
        secrets.note("token")
        let text = "host user, pa%20ss, pa ss, amet, abcd1234, page=1, frag, who, wo/rd, pword, gword, token, direct, /home"
        #expect(secrets.removed(from: text) == "host ***, ***, ***, ***, ***, page=1, ***, ***, ***, ***, ***, ***, direct, /home")
        #expect(Secrets().removed(from: "https://u:p@h plain") == "https://***@h plain")
    }
}
