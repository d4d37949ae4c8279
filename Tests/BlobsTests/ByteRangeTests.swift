import Blobs
import Testing

@Suite struct ByteRangeTests {
    @Test(arguments: [
        ("bytes=0-499", 10_000, ByteRange.part(0..<500)),
        ("bytes=500-999", 10_000, .part(500..<1_000)),
        ("bytes=-500", 10_000, .part(9_500..<10_000)),
        ("bytes=9500-", 10_000, .part(9_500..<10_000)),
        ("bytes=0-0", 10_000, .part(0..<1)),
        ("bytes=0-", 10_000, .part(0..<10_000)),
        ("bytes=0-999999999999999999999999", 10, .part(0..<10)),
        ("bytes=9-10", 10, .part(9..<10)),
        ("bytes=-99999999999999999999", 10, .part(0..<10)),
        ("Bytes = 1-2 ", 10, .part(1..<3)),
        ("bytes=10-", 10, .unsatisfiable),
        ("bytes=10-20", 10, .unsatisfiable),
        ("bytes=99999999999999999999-", 10, .unsatisfiable),
        ("bytes=-0", 10, .unsatisfiable),
        ("bytes=0-0", 0, .unsatisfiable),
        ("bytes=-5", 0, .whole),
    ])
    func `a single range is served as asked`(header: String, size: Int, wanted: ByteRange) {
        #expect(ByteRange(header: header, size: size) == wanted)
    }

    @Test(arguments: [
        "", "bytes", "bytes=", "bytes=-", "bytes=5-4", "bytes=a-b", "bytes=1-2,4-5", "bytes=+1-2", "bytes=1--2",
        "items=0-1", "bytes=1 - 2", "bytes=0x1-2", "bytes=-+1", "bytes=" + String(repeating: "0", count: 200) + "-",
    ])
    func `a header that is malformed, multiple or of another unit is ignored`(header: String) {
        #expect(ByteRange(header: header, size: 10) == .whole)
    }

    @Test func `without a header the whole is served`() {
        #expect(ByteRange(header: nil, size: 10) == .whole)
        #expect(ByteRange(header: nil, size: 10).contentRange(size: 10) == nil)
    }

    @Test func `a range counts only when If-Range names what is there`() {
        func decide(_ ifRange: String) -> ByteRange {
            ByteRange(
                header: "bytes=0-1", ifRange: ifRange, validators: ["\"abc\"", "Sat, 21 Nov 2026 09:00:00 GMT"],
                size: 10)
        }
        #expect(decide("\"abc\"") == .part(0..<2))
        #expect(decide("Sat, 21 Nov 2026 09:00:00 GMT") == .part(0..<2))
        #expect(decide("W/\"abc\"") == .whole)
        #expect(decide("\"abd\"") == .whole)
        #expect(decide("Sat, 21 Nov 2026 09:00:01 GMT") == .whole)
    }

    @Test func `status and Content-Range say what is sent`() {
        #expect(ByteRange.part(0..<500).contentRange(size: 1_000) == "bytes 0-499/1000")
        #expect(ByteRange.unsatisfiable.contentRange(size: 1_000) == "bytes */1000")
        #expect([ByteRange.whole, .part(0..<1), .unsatisfiable].map(\.status) == [200, 206, 416])
    }

    @Test func `every range that is granted lies within the object`() {
        for size in 0...6 {
            for first in ["", "0", "1", "5", "6", "7"] {
                for last in ["", "0", "1", "5", "6", "7"] {
                    guard case .part(let bytes) = ByteRange(header: "bytes=\(first)-\(last)", size: size) else {
                        continue
                    }
                    #expect(!bytes.isEmpty && bytes.lowerBound >= 0 && bytes.upperBound <= size)
                }
            }
        }
    }
}
