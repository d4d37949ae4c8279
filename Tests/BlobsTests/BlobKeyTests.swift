import Blobs
import Testing

@Suite struct BlobKeyTests {
    @Test(arguments: ["a", "a/b", "clips/2026/x_Y-z.mp4", "a.b..c", String(repeating: "a", count: 128)])
    func `a plain key is read`(text: String) {
        #expect(BlobKey(text)?.description == text)
    }

    @Test(arguments: [
        "", "/", "/a", "a/", "a//b", ".", "..", "a/..", "../a", "a/../b", ".incoming", "a/.hidden", "a\\b", "a b",
        "a\0b", "a\nb", "a~", "%2e%2e", "ä", "a:b", "sha256", String(repeating: "a", count: 129),
        Array(repeating: "a", count: 17).joined(separator: "/"),
        Array(repeating: String(repeating: "a", count: 100), count: 6).joined(separator: "/"),
    ])
    func `a key that could leave its folder, hide or need escaping is refused`(text: String) {
        #expect(BlobKey(text) == nil)
    }

    @Test func `a content address names its hash`() throws {
        let hash = BlobHash(of: Array("abc".utf8))
        #expect(hash.description == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        let key = BlobKey(contentAddress: hash)
        #expect(key.description == "sha256/ba/7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(key.promisedHash == hash)
        #expect(BlobKey(key.description) == key)
        #expect(BlobHash(hash.description) == hash)
        #expect(BlobHash(hash.description.uppercased()) == nil)
        #expect(BlobKey("sha256/ba/7816")?.promisedHash == nil)
        #expect(BlobKey("clips/ba/\(hash.description.dropFirst(2))")?.promisedHash == nil)
    }
}
