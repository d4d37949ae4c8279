import Base
import Testing

@testable import Outbound

@Suite struct AddressTests {
    @Test func `an address is read into its parts and put together again`() throws {
        let address = try #require(OutboundAddress("HTTPS://Push.Example.COM:8443/a%20b/c?x=1&y=%2F"))
        #expect(address.scheme == .https && address.host == "push.example.com" && address.port == 8_443)
        #expect(address.path == "/a%20b/c" && address.query == "x=1&y=%2F")
        #expect(address.origin == "https://push.example.com:8443")
        #expect(address.description == "https://push.example.com:8443/a%20b/c?x=1&y=%2F")
        let short = try #require(OutboundAddress("http://[2001:DB8::1]?q"))
        #expect(short.host == "2001:db8::1" && short.port == 80 && short.path == "/" && short.query == "q")
        #expect(short.authority == "[2001:db8::1]")
        #expect(try #require(OutboundAddress("https://a.example:443/")).authority == "a.example")
    }

    @Test(arguments: [
        "", "a.example", "//a.example/", "ftp://a.example/", "file:///etc/passwd", "https:/a.example/",
        "https://user@a.example/", "https://user:password@a.example/", "https://a.example:0/",
        "https://a.example:65536/", "https://a.example:/", "https://a.example:80x/", "https:///path",
        "https://a.example/#fragment", "https://a.example/a b", "https://a.example/\r\nX: y", "https://a.exämple/",
        "https://a.example\\@b.example/", "https://[::1/", "https://::1/", "https://[fe80::1%25eth0]/",
        "https://a%2eexample/", "https://a.example/%zz", "https://a.example/%4", "https://a.example/[x]",
        "gopher://127.0.0.1/", "https://[1.2.3.4]/", "http+unix://%2Fvar%2Frun/",
    ])
    func `what is no plain address of the web is refused`(text: String) {
        #expect(OutboundAddress(text) == nil)
    }

    @Test func `a redirect is read relative to where it came from`() throws {
        let here = try #require(OutboundAddress("https://a.example/one/two?x"))
        let cases = [
            "https://b.example/": "https://b.example/", "//b.example/c": "https://b.example/c",
            "/three": "https://a.example/three", "?y": "https://a.example/one/two?y",
            "three": "https://a.example/one/three", "/three#part": "https://a.example/three",
        ]
        for (location, wanted) in cases { #expect(here.following(location)?.description == wanted, "\(location)") }
        #expect(here.following("javascript:alert(1)") == nil)
        #expect(here.following("") == nil)
    }

    @Test(arguments: [
        "0.0.0.0", "0.255.255.255", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.255", "127.0.0.1",
        "127.255.0.1", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.8", "192.0.2.1", "192.88.99.1",
        "192.168.0.1", "198.18.0.1", "198.19.255.255", "198.51.100.7", "203.0.113.7", "224.0.0.1", "239.1.1.1",
        "240.0.0.1", "255.255.255.255", "::", "::1", "::ffff:10.0.0.1", "::ffff:127.0.0.1", "fe80::1", "fc00::1",
        "fd00:ec2::254", "ff02::1", "2001::1", "2001:db8::1", "2002:7f00:1::", "3fff::1", "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "100::1",
    ])
    func `addresses of no public network are refused`(text: String) throws {
        let ip = try #require(IPAddress(text))
        #expect(!AddressRule.isPublic(ip))
        #expect(!AddressRule.publicOnly.allows(ip, of: try #require(OutboundAddress("https://a.example/"))))
    }

    @Test(arguments: [
        "1.1.1.1", "9.255.255.255", "11.0.0.1", "100.63.255.255", "100.128.0.1", "126.0.0.1", "128.0.0.1",
        "169.253.1.1", "172.15.0.1", "172.32.0.1", "192.0.1.1", "192.167.1.1", "198.17.1.1", "198.20.0.1",
        "223.255.255.254", "2606:4700::1111", "2a00:1450:4001::1", "64:ff9b::101:101",
    ])
    func `addresses of the public internet are allowed`(text: String) throws {
        #expect(AddressRule.isPublic(try #require(IPAddress(text))))
    }

    @Test func `an operator allows hosts, addresses and blocks, and metadata only one by one`() throws {
        let rule = try #require(
            AddressRule(allowing: ["store.internal", "push.internal:8443", "10.1.2.3", "192.168.0.0/16", "::/0"]))
        let other = try #require(OutboundAddress("https://other.example/"))
        let store = try #require(OutboundAddress("https://store.internal/"))
        func allows(_ ip: String, of address: OutboundAddress) throws -> Bool {
            rule.allows(try #require(IPAddress(ip)), of: address)
        }
        #expect(try allows("172.16.0.1", of: store))
        #expect(try !allows("169.254.169.254", of: store))
        #expect(try !allows("169.254.169.254", of: other), "a block never lets the metadata service in")
        let narrow = try #require(AddressRule(allowing: ["10.1.2.3", "169.254.169.254", "push.internal:8443"]))
        for (ip, place, isAllowed) in [
            ("10.1.2.3", "https://other.example/", true), ("10.1.2.4", "https://other.example/", false),
            ("169.254.169.254", "https://other.example/", true), ("10.9.9.9", "https://push.internal:8443/", true),
            ("10.9.9.9", "https://push.internal/", false),
        ] {
            let address = try #require(OutboundAddress(place))
            #expect(narrow.allows(try #require(IPAddress(ip)), of: address) == isAllowed, "\(ip) of \(place)")
        }
        for wrong in ["10.0.0.0/33", "::/129", "a b", "http://a.example/", "10.0.0.0/", "", "user@host"] {
            #expect(AddressRule(allowing: [wrong]) == nil, "\(wrong)")
        }
    }

    @Test func `headers that break out of their line are faults`() {
        #expect((["X-Good": "value with ümlaut\tand tab"] as OutboundHeaders).fault == nil)
        for (name, value) in [
            ("X", "a\r\nB: c"), ("X", "a\nb"), ("X", "a\0"), ("X: y", "a"), ("", "a"), ("X Y", "a"), ("Ünder", "a"),
            ("Host", "other.example"), ("content-length", "5"), ("Transfer-Encoding", "chunked"),
        ] {
            var headers = OutboundHeaders()
            headers.add(name, value)
            #expect(headers.fault != nil, "\(name): \(value)")
        }
        var many = OutboundHeaders()
        for index in 0...100 { many.add("X-\(index)", "") }
        #expect(many.fault != nil)
    }
}
