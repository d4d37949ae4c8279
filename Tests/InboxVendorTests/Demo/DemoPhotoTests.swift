import Testing

@testable import InboxVendors

@Suite struct DemoPhotoTests {
    /// CRC-32 of PNG bit by bit, written apart from the table of the source.
    private func crc(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        var value: UInt32 = 0xFFFF_FFFF
        for byte in bytes {
            for bit in 0..<8 {
                let isOdd = (value ^ UInt32(byte >> UInt8(bit))) & 1 == 1
                value >>= 1
                if isOdd { value ^= 0xEDB8_8320 }
            }
        }
        return ~value
    }

    private func number(_ bytes: ArraySlice<UInt8>) -> Int { bytes.reduce(0) { $0 << 8 | Int($1) } }

    @Test func `the sum of nine digits is the known one`() { #expect(crc(Array("123456789".utf8)[...]) == 0xCBF4_3926) }

    @Test(arguments: 0..<12) func `every picture is a whole PNG`(_ photo: Int) throws {
        let bytes = DemoPhoto.png(photo)
        #expect(bytes.count < 64 << 10)
        #expect(Array(bytes.prefix(8)) == [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A])
        var place = 8
        var names: [String] = []
        while place < bytes.count {
            let length = number(bytes[place..<place + 4])
            let body = bytes[place + 4..<place + 8 + length]
            names.append(String(decoding: body.prefix(4), as: UTF8.self))
            #expect(crc(body) == UInt32(number(bytes[body.endIndex..<body.endIndex + 4])))
            if names.last == "IHDR" { #expect(number(body.dropFirst(4).prefix(4)) == 240) }
            place = body.endIndex + 4
        }
        #expect(names == ["IHDR", "PLTE", "IDAT", "IEND"])
        #expect(bytes == DemoPhoto.png(photo))
    }

    @Test func `pictures differ`() {
        #expect(Set((0..<40).map { DemoPhoto.png($0) }).count == 40)
    }
}
