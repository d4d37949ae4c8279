import Foundation
import NIOCore

/// Reads `multipart/form-data` (RFC 7578) piece by piece, holding no more of it than a boundary is long.
///
/// Pure: bytes in, events out.
struct MultipartParser: Sendable {
    enum Bounds {
        /// Bytes of one part's headers.
        static let headBytes = 4_096
        /// Bytes of one value that is no file.
        static let fieldBytes = 16_384
        /// RFC 2046, section 5.1.1.
        static let boundaryCharacters = 70
    }

    /// What a part says of itself.
    struct Part: Sendable, Hashable {
        var name: String
        /// Whether it is a file, which it says by having a file's name.
        var isFile: Bool
    }

    enum Event: Sendable, Hashable {
        case part(Part)
        case bytes(ByteBuffer)
        case partEnded
        /// The last boundary has been read; what follows does not count.
        case ended
    }

    private enum Place { case preamble, head, content, afterBoundary, end }

    private let delimiter: [UInt8]
    private var buffer = ByteBuffer()
    private var place = Place.preamble

    init(boundary: String) {
        delimiter = Array("\r\n--\(boundary)".utf8)
        // The first boundary may stand at the very beginning, without a line before it.
        buffer.writeString("\r\n")
    }

    /// The boundary of a `Content-Type`; `nil` when it is no form with files.
    static func boundary(of contentType: String) -> String? {
        let parts = contentType.split(separator: ";")
        guard let kind = parts.first, kind.filter({ $0 != " " }).lowercased() == "multipart/form-data" else {
            return nil
        }
        for part in parts.dropFirst() {
            let part = part.drop { $0 == " " || $0 == "\t" }
            guard part.prefix(9).lowercased() == "boundary=" else { continue }
            var value = part.dropFirst(9)
            if value.hasPrefix("\"") { value = value.dropFirst().prefix { $0 != "\"" } }
            while value.last == " " { value.removeLast() }
            let isRight =
                (1...Bounds.boundaryCharacters).contains(value.utf8.count)
                && value.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
            return isRight ? String(value) : nil
        }
        return nil
    }

    mutating func feed(_ bytes: ByteBuffer) {
        var bytes = bytes
        buffer.discardReadBytes()
        buffer.writeBuffer(&bytes)
    }

    /// What comes next; `nil` when more bytes are needed.
    mutating func next() throws(Problem) -> Event? {
        while true {
            switch place {
            case .preamble:
                guard let found = find(delimiter) else {
                    skip(keeping: delimiter.count - 1)
                    return nil
                }
                buffer.moveReaderIndex(forwardBy: found + delimiter.count)
                place = .afterBoundary
            case .afterBoundary:
                guard buffer.readableBytes >= 2 else { return nil }
                if buffer.readableBytesView.starts(with: "--".utf8) {
                    place = .end
                    return .ended
                }
                guard let end = find(Array("\r\n".utf8)) else {
                    guard buffer.readableBytes <= Bounds.headBytes else { throw Self.broken("a boundary is not ended") }
                    return nil
                }
                // White space behind a boundary is padding. The line's end stays: it may be the first half of the empty
                // line that ends an empty head.
                buffer.moveReaderIndex(forwardBy: end)
                place = .head
            case .head: return try head()
            case .content: return content()
            case .end: return .ended
            }
        }
    }

    private mutating func head() throws(Problem) -> Event? {
        guard let end = find(Array("\r\n\r\n".utf8)) else {
            guard buffer.readableBytes <= Bounds.headBytes else { throw Self.broken("the head of a part is too long") }
            return nil
        }
        guard end <= Bounds.headBytes, let bytes = buffer.readBytes(length: end),
            let text = String(validating: bytes, as: UTF8.self)
        else { throw Self.broken("the head of a part cannot be read") }
        buffer.moveReaderIndex(forwardBy: 4)
        for line in text.split(separator: "\r\n") where line.prefix(20).lowercased() == "content-disposition:" {
            guard let part = Self.part(line.dropFirst(20)) else { break }
            place = .content
            return .part(part)
        }
        throw Self.broken("a part has no name")
    }

    private mutating func content() -> Event? {
        if let found = find(delimiter) {
            if found > 0 { return buffer.readSlice(length: found).map(Event.bytes) }
            buffer.moveReaderIndex(forwardBy: delimiter.count)
            place = .afterBoundary
            return .partEnded
        }
        let sure = buffer.readableBytes - (delimiter.count - 1)
        guard sure > 0 else { return nil }
        return buffer.readSlice(length: sure).map(Event.bytes)
    }

    /// Reads `form-data; name="file"; filename="clip.mp4"`.
    private static func part(_ text: Substring) -> Part? {
        var name: String?
        var isFile = false
        var rest = text
        while let equals = rest.firstIndex(of: "=") {
            let key = rest[..<equals].split { $0 == ";" || $0 == " " }.last?.lowercased() ?? ""
            rest = rest[rest.index(after: equals)...]
            let value: Substring
            if rest.first == "\"" {
                rest = rest.dropFirst()
                guard let end = rest.firstIndex(of: "\"") else { return nil }
                value = rest[..<end]
                rest = rest[rest.index(after: end)...]
            } else {
                value = rest.prefix { $0 != ";" }
                rest = rest[value.endIndex...]
            }
            switch key {
            case "name": name = String(value)
            case "filename", "filename*": isFile = true
            default: break
            }
        }
        return name.map { Part(name: $0, isFile: isFile) }
    }

    private mutating func skip(keeping tail: Int) {
        let extra = buffer.readableBytes - tail
        if extra > 0 { buffer.moveReaderIndex(forwardBy: extra) }
    }

    /// The distance to the first place where `mark` stands.
    private func find(_ mark: [UInt8]) -> Int? {
        buffer.withUnsafeReadableBytes { bytes in
            guard bytes.count >= mark.count, let base = bytes.baseAddress, let first = mark.first else { return nil }
            let last = bytes.count - mark.count
            var start = 0
            while start <= last {
                guard let hit = memchr(base + start, Int32(first), last - start + 1) else { return nil }
                let offset = UnsafeRawPointer(hit) - base
                if mark.withUnsafeBytes({ memcmp(base + offset, $0.baseAddress ?? base, mark.count) }) == 0 {
                    return offset
                }
                start = offset + 1
            }
            return nil
        }
    }

    private static func broken(_ reason: String) -> Problem {
        Problem(.malformedInput, "The form cannot be read: \(reason).")
    }
}
