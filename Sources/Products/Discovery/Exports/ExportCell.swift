/// Cells and values of files, written into bytes without a detour.
enum ExportCell {
    /// Makes what was appended to a buffer from `start` on a cell of CSV (RFC 4180).
    ///
    /// A cell that a spreadsheet would take for a formula, as it begins with `=`, `+`, `-`, `@`, a tab or a line end, gets
    /// an apostrophe in front and quotes around it: it is text there, whatever a creator calls themselves.
    static func finish(_ buffer: inout [UInt8], from start: Int) {
        guard start < buffer.count else { return }
        let isFormula = startsFormula(buffer[start])
        var needsQuotes = isFormula
        var quotes = 0
        for byte in buffer[start...] {
            switch byte {
            case 0x22:
                quotes += 1
                needsQuotes = true
            case 0x2C, 0x0A, 0x0D: needsQuotes = true
            default: break
            }
        }
        guard needsQuotes else { return }
        let content = Array(buffer[start...])
        buffer.removeSubrange(start...)
        buffer.reserveCapacity(buffer.count + content.count + quotes + 3)
        buffer.append(0x22)
        if isFormula { buffer.append(0x27) }
        for byte in content {
            if byte == 0x22 { buffer.append(0x22) }
            buffer.append(byte)
        }
        buffer.append(0x22)
    }

    private static func startsFormula(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "="), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "@"), 0x09, 0x0D, 0x0A: true
        default: false
        }
    }

    /// Makes what was appended to a buffer from `start` on a text of JSON.
    static func quote(_ buffer: inout [UInt8], from start: Int) {
        let isPlain = buffer[start...].allSatisfy { $0 >= 0x20 && $0 != 0x22 && $0 != 0x5C }
        let content = Array(buffer[start...])
        buffer.removeSubrange(start...)
        buffer.append(0x22)
        if isPlain {
            buffer.append(contentsOf: content)
        } else {
            for byte in content { escape(byte, into: &buffer) }
        }
        buffer.append(0x22)
    }

    private static func escape(_ byte: UInt8, into buffer: inout [UInt8]) {
        switch byte {
        case 0x22, 0x5C:
            buffer.append(0x5C)
            buffer.append(byte)
        case 0x0A: buffer.append(contentsOf: "\\n".utf8)
        case 0x0D: buffer.append(contentsOf: "\\r".utf8)
        case 0x09: buffer.append(contentsOf: "\\t".utf8)
        case ..<0x20:
            buffer.append(contentsOf: "\\u00".utf8)
            buffer.append(digit(byte >> 4))
            buffer.append(digit(byte & 0xF))
        default: buffer.append(byte)
        }
    }

    private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? 48 + value : 87 + value }

    /// Appends a number of millionths as a fraction: `0.0421`.
    static func appendFraction(millionths value: Int64, to buffer: inout [UInt8]) {
        buffer.append(contentsOf: String(value / 1_000_000).utf8)
        var rest = value % 1_000_000
        guard rest > 0 else { return }
        buffer.append(UInt8(ascii: "."))
        var unit: Int64 = 100_000
        while rest > 0 {
            buffer.append(48 + UInt8(rest / unit))
            rest %= unit
            unit /= 10
        }
    }
}
