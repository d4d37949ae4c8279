import Base
import Testing

@Suite struct ConstantTimeTests {
    @Test func `bytes are equal when all of them are`() {
        let bytes: [UInt8] = [0, 1, 2, 0xFF]
        #expect(ConstantTime.areEqual(bytes, bytes))
        #expect(ConstantTime.areEqual(bytes[1...], [1, 2, 0xFF]))
        #expect(ConstantTime.areEqual("capstan".utf8, Array("capstan".utf8)))
        for place in bytes.indices {
            var other = bytes
            other[place] ^= 0x80
            #expect(!ConstantTime.areEqual(bytes, other), "a difference at \(place)")
        }
    }

    @Test func `a prefix, a longer one and nothing at all are not equal to what is expected`() {
        let bytes: [UInt8] = [7, 8, 9]
        #expect(!ConstantTime.areEqual(bytes[..<2], bytes))
        #expect(!ConstantTime.areEqual(bytes + [0], bytes))
        #expect(!ConstantTime.areEqual([UInt8](), bytes))
        #expect(!ConstantTime.areEqual(bytes, [UInt8]()))
        #expect(ConstantTime.areEqual([UInt8](), [UInt8]()))
    }
}
