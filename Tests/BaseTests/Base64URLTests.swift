import Base
import BaseTestKit
import Testing

@Suite struct Base64URLTests {
    /// RFC 4648, section 10, without padding.
    @Test(arguments: [
        ("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("fooba", "Zm9vYmE"),
        ("foobar", "Zm9vYmFy"),
    ])
    func `the published examples`(plain: String, text: String) {
        #expect(Base64URL.encode(plain.utf8) == text)
        #expect(Base64URL.decode(text) == Array(plain.utf8))
    }

    @Test func `any bytes come back, in characters that an address may hold`() {
        let chance = SeededRandomness(seed: 64)
        for length in 0..<200 {
            let bytes = chance.bytes(length)
            let text = Base64URL.encode(bytes)
            #expect(text.utf8.allSatisfy { $0 == 45 || $0 == 95 || (48...57).contains($0) || isLetter($0) })
            #expect(Base64URL.decode(text) == bytes)
        }
        #expect(Base64URL.encode([0xFB, 0xFF]) == "-_8")
    }

    private func isLetter(_ byte: UInt8) -> Bool { (65...90).contains(byte) || (97...122).contains(byte) }

    @Test(arguments: ["Zg==", "Zh", "Z", "Zm9v+", "Zm9v/w", "Zm 9v", "Zm9v\u{0}", "Zmé"])
    func `what is written otherwise has no bytes`(text: String) { #expect(Base64URL.decode(text) == nil) }

    @Test func `a text that is too long has no bytes`() {
        #expect(Base64URL.decode(String(repeating: "A", count: 65_536))?.count == 49_152)
        #expect(Base64URL.decode(String(repeating: "A", count: 65_540)) == nil)
    }
}
